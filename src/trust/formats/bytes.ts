/** Bytes as text and back. Runs in browsers too, so without Buffer. */

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => ENCODER.encode(text)

const ENCODER = new TextEncoder()

export const concat = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** RFC 4648, section 4. */
export const toBase64 = (bytes: Uint8Array): string => {
  let characters = ''
  for (const byte of bytes) characters += String.fromCharCode(byte)
  return btoa(characters)
}

/** Null where `text` is not canonical base64 (RFC 4648, section 4): padded, without spaces, unused bits zero. */
export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> | null => {
  if (!BASE64.test(text)) return null
  const characters = atob(text)
  const bytes = new Uint8Array(characters.length)
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = characters.charCodeAt(at)
  return toBase64(bytes) === text ? bytes : null
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Null where `text` is not base64url without padding (RFC 4648, section 5). */
export const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> | null =>
  text.includes('+') || text.includes('/') || text.includes('=')
    ? null
    : fromBase64(`${text.replaceAll('-', '+').replaceAll('_', '/')}${'='.repeat((4 - (text.length % 4)) % 4)}`)

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

export const isSameBytes = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at])

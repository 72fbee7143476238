/** Signed notes (C2SP signed-note v1.0.0) and the keys that verify them, as text. Nothing here is checked yet: see `verify`. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { concat, fromBase64, isSameBytes, toBase64, toHex, utf8 } from './bytes.ts'

/** `text` ends with a line break, and is what the signatures sign. */
export type Note = Readonly<{ text: string; signatures: readonly NoteSignature[] }>

export type NoteSignature = Readonly<{
  name: string
  /** 4 bytes: distinguishes keys of one name. It is no proof of anything. */
  keyId: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
}>

/** The types of signature that are understood; C2SP signed-note assigns the numbers. */
export const ED25519 = 0x01
export const COSIGNATURE = 0x04

/** A public key by its name: a *vkey*. */
export type VerifierKey = Readonly<{
  name: string
  keyId: Uint8Array<ArrayBuffer>
  type: typeof ED25519 | typeof COSIGNATURE
  /** 32 bytes (RFC 8032). */
  publicKey: Uint8Array<ArrayBuffer>
}>

export type Malformed = Readonly<{ _tag: 'Malformed'; detail: string }>

export const malformed = (detail: string) => left({ _tag: 'Malformed' as const, detail })

// More signatures than this are no note of ours: a note must take at least 16.
const MOST_SIGNATURES = 64
const SIGNATURE_LINE = /^\u2014 ([^\s+]+) (\S+)$/u

export const parseNote = (note: string): Either<Malformed, Note> => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the format forbids them
  if (/[\x00-\x09\x0b-\x1f]/.test(note)) return malformed('a note has no control characters but line breaks')
  const end = note.lastIndexOf('\n\n')
  if (end === -1 || !note.endsWith('\n')) return malformed('a note is a text, an empty line and lines of signatures')
  const lines = note.slice(end + 2, -1).split('\n')
  if (lines.length > MOST_SIGNATURES) return malformed(`more than ${MOST_SIGNATURES} signatures`)
  const signatures = lines.map(signatureOf)
  const wrong = signatures.indexOf(null)
  return wrong === -1
    ? right({ text: note.slice(0, end + 1), signatures: signatures as readonly NoteSignature[] })
    : malformed(`signature ${wrong + 1} is no signature line`)
}

const signatureOf = (line: string): NoteSignature | null => {
  const [, name = '', base64 = ''] = SIGNATURE_LINE.exec(line) ?? []
  const bytes = fromBase64(base64)
  return name === '' || bytes === null || bytes.length <= 4
    ? null
    : { name, keyId: bytes.slice(0, 4), signature: bytes.slice(4) }
}

export const noteText = ({ text, signatures }: Note): string => `${text}\n${signatures.map(signatureLine).join('')}`

export const signatureLine = ({ name, keyId, signature }: NoteSignature): string =>
  `\u2014 ${name} ${toBase64(concat(keyId, signature))}\n`

/** `NAME+ID+KEY`, as C2SP signed-note writes a verifier key. */
export const vkeyText = ({ name, keyId, type, publicKey }: VerifierKey): string =>
  `${name}+${toHex(keyId)}+${toBase64(concat(Uint8Array.of(type), publicKey))}`

/** Malformed also where the id is not that of the name and key. */
export const parseVkey = async (text: string): Promise<Either<Malformed, VerifierKey>> => {
  const [, name = '', id = '', base64 = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(text) ?? []
  const bytes = fromBase64(base64)
  if (name === '' || bytes === null) return malformed('a verifier key is NAME+ID+KEY')
  const [type] = bytes
  if ((type !== ED25519 && type !== COSIGNATURE) || bytes.length !== 33)
    return malformed('only Ed25519 keys are understood')
  const key = await verifierKey(name, type, bytes.slice(1))
  return toHex(key.keyId) === id ? right(key) : malformed('the id does not belong to the name and key')
}

export const verifierKey = async (
  name: string,
  type: VerifierKey['type'],
  publicKey: Uint8Array<ArrayBuffer>,
): Promise<VerifierKey> => {
  const hash = await crypto.subtle.digest('SHA-256', concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey))
  return { name, keyId: new Uint8Array(hash.slice(0, 4)), type, publicKey }
}

export const isSignatureOf = (key: VerifierKey, signature: NoteSignature): boolean =>
  key.name === signature.name && isSameBytes(key.keyId, signature.keyId)

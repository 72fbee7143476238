/** Signing and verifying notes with Ed25519 (RFC 8032), by WebCrypto: in Node and in browsers. */
import { verifyAsync } from '@noble/ed25519'
import { concat, utf8 } from './bytes.ts'
import { COSIGNATURE, isSignatureOf, type Note, type NoteSignature, type VerifierKey } from './note.ts'

/** A private key with the public key that verifies what it signs. */
export type SigningKey = Readonly<{ verifier: VerifierKey; privateKey: Parameters<typeof crypto.subtle.sign>[1] }>

/** The note's signature by `key`; for a cosigning key one that also states `seconds` since 1970. */
export const sign = async (text: string, { verifier, privateKey }: SigningKey, seconds = 0): Promise<NoteSignature> => {
  const { name, keyId, type } = verifier
  const message = type === COSIGNATURE ? cosignedMessage(text, BigInt(seconds)) : utf8(text)
  const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, message))
  return { name, keyId, signature: type === COSIGNATURE ? concat(uint64(BigInt(seconds)), signature) : signature }
}

/**
 * Whether `key` has signed the note. A signature that names the key and is wrong makes the note worthless, whatever else
 * signs it (C2SP signed-note, *Signatures*): `wrong`.
 */
export const signedBy = async (note: Note, key: VerifierKey): Promise<'yes' | 'no' | 'wrong'> => {
  const signatures = note.signatures.filter((signature) => isSignatureOf(key, signature))
  const valid = await Promise.all(signatures.map((signature) => isValid(note.text, signature.signature, key)))
  if (valid.includes(false)) return 'wrong'
  return valid.length > 0 ? 'yes' : 'no'
}

/** When the cosigner of a valid cosignature says that it signed, in seconds since 1970. */
export const cosignedAt = ({ signature }: NoteSignature): number =>
  Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0))

const SIGNATURE_BYTES = 64
const TIMESTAMP_BYTES = 8

const isValid = async (text: string, signature: Uint8Array<ArrayBuffer>, key: VerifierKey): Promise<boolean> => {
  const isCosignature = key.type === COSIGNATURE
  if (signature.length !== SIGNATURE_BYTES + (isCosignature ? TIMESTAMP_BYTES : 0)) return false
  if (!isCosignature) return isEd25519(key.publicKey, signature, utf8(text))
  const seconds = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0)
  return isEd25519(key.publicKey, signature.slice(TIMESTAMP_BYTES), cosignedMessage(text, seconds))
}

type Bytes = Uint8Array<ArrayBuffer>

/** By WebCrypto, or where a browser's has no Ed25519, by a library. */
const isEd25519 = async (publicKey: Bytes, signature: Bytes, message: Bytes): Promise<boolean> => {
  const imported = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']).catch(() => null)
  return imported === null
    ? verifyAsync(signature, message, publicKey, { zip215: false }).catch(() => false)
    : crypto.subtle.verify('Ed25519', imported, signature, message)
}

/** C2SP tlog-cosignature v1. */
const cosignedMessage = (text: string, seconds: bigint): Uint8Array<ArrayBuffer> =>
  utf8(`cosignature/v1\ntime ${seconds}\n${text}`)

const uint64 = (number: bigint): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(TIMESTAMP_BYTES)
  new DataView(bytes.buffer).setBigUint64(0, number)
  return bytes
}

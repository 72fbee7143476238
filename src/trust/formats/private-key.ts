/** Signing keys as text: `PRIVATE+KEY+NAME+ID+SEED`, as Go's sumdb/note writes them. */
import { type Either, right } from 'fp-ts/lib/Either.js'
import { concat, fromBase64, toBase64, toHex } from './bytes.ts'
import { COSIGNATURE, ED25519, type Malformed, malformed, type VerifierKey, verifierKey } from './note.ts'
import type { SigningKey } from './signing.ts'

/** A new key and its text. `name` has no spaces and no plus: it is best a URL without scheme. */
export const newSigningKey = async (
  name: string,
  type: VerifierKey['type'],
): Promise<Either<Malformed, Readonly<{ text: string; verifier: VerifierKey }>>> => {
  if (!/^[^\s+\p{Cc}]+$/u.test(name)) return malformed('the name of a key has no spaces, no plus and no controls')
  const seed = crypto.getRandomValues(new Uint8Array(SEED_BYTES))
  const verifier = await verifierKey(name, type, await publicKeyOf(seed))
  const text = `PRIVATE+KEY+${name}+${toHex(verifier.keyId)}+${toBase64(concat(Uint8Array.of(type), seed))}`
  return right({ text, verifier })
}

/** Malformed also where the id is not that of the name and key. The text never appears in the failure. */
export const parseSigningKey = async (text: string): Promise<Either<Malformed, SigningKey>> => {
  const [, name = '', id = '', base64 = ''] = PRIVATE_KEY.exec(text.trim()) ?? []
  const bytes = fromBase64(base64)
  const type = bytes?.[0]
  if (bytes?.length !== 1 + SEED_BYTES || (type !== ED25519 && type !== COSIGNATURE))
    return malformed('it is no signing key (PRIVATE+KEY+NAME+ID+SEED): make one with `run-ledger trust keygen`')
  const seed = bytes.slice(1)
  const verifier = await verifierKey(name, type, await publicKeyOf(seed))
  if (toHex(verifier.keyId) !== id) return malformed('the id of the signing key does not belong to its name and seed')
  return right({ verifier, privateKey: await importSeed(seed, false) })
}

const PRIVATE_KEY = /^PRIVATE\+KEY\+([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/u
const SEED_BYTES = 32

// RFC 8410: a seed as PKCS #8, which is how WebCrypto takes private keys.
const PKCS8_ED25519 = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20])

const importSeed = (seed: Uint8Array, extractable: boolean) =>
  crypto.subtle.importKey('pkcs8', concat(PKCS8_ED25519, seed), 'Ed25519', extractable, ['sign'])

const publicKeyOf = async (seed: Uint8Array): Promise<Uint8Array<ArrayBuffer>> => {
  const { x = '' } = await crypto.subtle.exportKey('jwk', await importSeed(seed, true))
  const base64 = `${x.replaceAll('-', '+').replaceAll('_', '/')}=`
  const bytes = fromBase64(base64)
  if (bytes === null) throw new Error('WebCrypto exported a public key that is no base64url')
  return bytes
}

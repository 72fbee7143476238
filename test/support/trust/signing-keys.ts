/** Keys that sign notes in tests. */
import { generateKeyPairSync } from 'node:crypto'
import { COSIGNATURE, ED25519, type VerifierKey, verifierKey } from '../../../src/trust/formats/note.ts'
import type { SigningKey } from '../../../src/trust/formats/signing.ts'

export const logKey = (name: string): Promise<SigningKey> => newKey(name, ED25519)
export const witnessKey = (name: string): Promise<SigningKey> => newKey(name, COSIGNATURE)

const newKey = async (name: string, type: VerifierKey['type']): Promise<SigningKey> => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
  return {
    verifier: await verifierKey(name, type, new Uint8Array(Buffer.from(x, 'base64url'))),
    privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']),
  }
}

/** API keys: `rl_<id>_<secret>`. Only the SHA-256 of the secret is stored. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

export type KeyText = Readonly<{ key_id: string; secret: string }>

/** A new key. The secret has 256 random bits. */
export const newKey = (): KeyText => ({
  key_id: randomBytes(8).toString('hex'),
  secret: randomBytes(32).toString('base64url'),
})

export const keyTextOf = ({ key_id, secret }: KeyText): string => `rl_${key_id}_${secret}`

/** Null where `text` does not have the form of a key. */
export const parseKey = (text: string): KeyText | null => {
  const match = FORM.exec(text)
  return match === null ? null : { key_id: match[1] as string, secret: match[2] as string }
}

const FORM = /^rl_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/

export const secretHash = (secret: string): Buffer => hash('sha256', secret, 'buffer')

/** Whether `secret` is that of the key, in constant time. A key that is not there is compared with too, and is never equal. */
export const isSecretOf = (stored: Buffer | null, secret: string): boolean =>
  timingSafeEqual(secretHash(secret), stored ?? DUMMY) && stored !== null

const DUMMY = randomBytes(32)

/** Sessions of browsers: what a sealed cookie holds. The server stores none of them. */
import { randomBytes } from 'node:crypto'
import { EncryptJWT, jwtDecrypt } from 'jose'
import { z } from 'zod'
import { msOf, type Time, timeOf } from '../run/time.ts'
import { KeyId } from './events.ts'
import { ROLES, type Role } from './roles.ts'

const Session = z.object({
  session_id: z.string(),
  name: z.string(),
  roles: z.array(z.enum(ROLES)),
  act_as: z.string().nullable(),
  /** The key that was signed in with: the session ends with it. Null for a sign-in at the issuer. */
  key_id: KeyId.nullable(),
  /** The session ends by itself at the latest. */
  ends_at: z.string(),
  /** When a request last used it. */
  used_at: z.string(),
})
export type Session = Readonly<z.infer<typeof Session>>

const MAX_SESSION_MS = 8 * 60 * 60 * 1000
const IDLE_MS = 30 * 60 * 1000
/** A cookie is made again at most this often. */
const RENEW_AFTER_MS = 60 * 1000

/** Who signs in. */
type Holder = Readonly<{ name: string; roles: readonly Role[]; act_as: string | null; key_id: string | null }>

export const sessionOf = ({ name, roles, act_as, key_id }: Holder, now: Time): Session => ({
  session_id: randomBytes(16).toString('base64url'),
  name,
  roles: [...roles],
  act_as,
  key_id,
  ends_at: timeOf(msOf(now) + MAX_SESSION_MS),
  used_at: now,
})

/** When `session` ends, where no further request uses it. */
export const endOfSession = ({ ends_at, used_at }: Session): Time => {
  const idleUntil = timeOf(msOf(used_at) + IDLE_MS)
  return idleUntil < ends_at ? idleUntil : ends_at
}

/** `session` as used now; null where that was noted a moment ago. */
export const renewed = (session: Session, now: Time): Session | null =>
  msOf(now) - msOf(session.used_at) < RENEW_AFTER_MS ? null : { ...session, used_at: now }

/** Seals values that only holders of the same key can read or make. */
export type Seal = Readonly<{
  seal: (purpose: string, value: object, until: Time) => Promise<string>
  /** Null where it was sealed for another purpose or with another key, was changed, or has expired. */
  unseal: (purpose: string, text: string) => Promise<unknown>
}>

export const SEAL_KEY_BYTES = 32

/** `key` has `SEAL_KEY_BYTES` bytes. */
export const createSeal = (key: Uint8Array): Seal => ({
  seal: (purpose, value, until) =>
    new EncryptJWT({ value })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setAudience(purpose)
      .setExpirationTime(Math.ceil(msOf(until) / 1000))
      .encrypt(key),
  unseal: async (purpose, text) => {
    try {
      const { payload } = await jwtDecrypt(text, key, {
        audience: purpose,
        requiredClaims: ['exp'],
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      })
      return payload['value'] ?? null
    } catch {
      return null
    }
  },
})

const SESSION = 'session'

export const sealSession = ({ seal }: Seal, session: Session): Promise<string> =>
  seal(SESSION, session, session.ends_at)

/** Null where it is no session of ours. */
export const unsealSession = async ({ unseal }: Seal, text: string): Promise<Session | null> => {
  const parsed = Session.safeParse(await unseal(SESSION, text))
  return parsed.success ? parsed.data : null
}

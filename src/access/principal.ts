/** Who sends a request, by the credential that it came with. */
import type { Time } from '../run/time.ts'
import type { Role } from './roles.ts'
import type { Session } from './sessions.ts'

export type Principal = Readonly<{
  /** `key:<name>` or `oidc:<issuer>:<subject>`: the actor of its commands. */
  name: string
  roles: readonly Role[]
  /** The pattern of other actors that it may name; null: none. */
  act_as: string | null
  /** The credential is refused from then on. */
  expires_at: Time
  /** The key that it came with, or that its session was begun with; null for a token. */
  key_id: string | null
  session: Session | null
}>

/** A pattern that every actor matches. */
export const ANYBODY = '*'

/** Whether `principal` may have `actor` as the actor of its commands. */
export const mayActAs = ({ name, act_as }: Principal, actor: string): boolean =>
  actor === name || (act_as !== null && matches(act_as, actor))

/** `*` matches any characters, also none. */
const matches = (pattern: string, text: string): boolean => {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === text
  const last = rest.pop() as string
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false
  // Each part between two stars is taken where it first occurs: whatever follows has the most room then.
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return at <= text.length - last.length
}

export const keyPrincipalName = (name: string): string => `key:${name}`

/**
 * Why a credential is not accepted. `NotAccepted` is one answer for whatever is wrong with it; its cause is for the log alone.
 * `Unconfirmed`: nobody can say now whether it is right.
 */
export type Refused =
  | Readonly<{ _tag: 'NoCredentials' }>
  | Readonly<{ _tag: 'NotAccepted'; cause: string }>
  | Readonly<{ _tag: 'Unconfirmed'; cause: string }>

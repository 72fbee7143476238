/** A key as it is shown. */
import type { Time } from '../run/time.ts'
import { type Key, keyStatus } from './access-state.ts'
import { keyPrincipalName } from './principal.ts'

/** `key` without its secret. */
export const keyView = (key: Key, now: Time) => {
  const { key_id, name, roles, act_as, not_before, expires_at, issued_at, issued_by, revoked_at, revoked_by } = key
  return {
    key_id,
    name,
    principal: keyPrincipalName(name),
    roles: [...roles],
    act_as,
    status: keyStatus(key, now),
    not_before,
    expires_at,
    issued_at,
    issued_by,
    revoked_at,
    revoked_by,
  }
}

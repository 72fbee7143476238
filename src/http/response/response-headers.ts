/** Response headers that many answers share. */

export const POSITION = 'run-ledger-position'

/** Shared caches store nothing; the caller's own cache asks again before each use. */
export const NO_CACHE = 'private, no-cache'

/** On every answer. A page replaces the policy with its own. */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "frame-ancestors 'none'",
} as const

/** Response headers that many answers share. */

export const POSITION = 'run-ledger-position'

/** Shared caches store nothing; the caller's own cache asks again before each use. */
export const NO_CACHE = 'private, no-cache'

/** On every answer. A page replaces the policy with its own. */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "frame-ancestors 'none'",
  // No page of another origin may embed an answer, as a script or an image; what CORS allows it may read.
  'cross-origin-resource-policy': 'same-origin',
} as const

/** On every answer over TLS. */
export const HSTS = ['strict-transport-security', 'max-age=31536000'] as const

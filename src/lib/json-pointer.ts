/** JSON Pointers (RFC 6901). */

/** `key` as one reference token of a pointer (section 3), without the `/` before it. */
export const escapeToken = (key: string): string =>
  key.includes('~') || key.includes('/') ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key

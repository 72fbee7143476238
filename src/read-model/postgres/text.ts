/** Texts as PostgreSQL takes them: its `text` and `jsonb` hold no NUL. */

/**
 * `text` without NUL. U+0000 and U+0001 are written as U+0001 and one character more, so that different texts stay different
 * and their order stays as it was.
 */
export const escapeNul = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  text.includes('\0') || text.includes('\x01') ? text.replace(/[\0\x01]/g, (found) => ESCAPES[found] as string) : text

const ESCAPES: Readonly<Record<string, string>> = { '\0': '\x01\x01', '\x01': '\x01\x02' }

/** What was escaped, as it was. */
export const unescapeNul = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  text.includes('\x01') ? text.replace(/\x01([\x01\x02])/g, (_, of) => (of === '\x01' ? '\0' : '\x01')) : text

/**
 * JSON text as `jsonb` takes it: strings are escaped in the same way, and half a surrogate pair, which is no character, is
 * replaced. `JSON.stringify` has written all of these as escapes.
 */
export const escapeNulInJson = (json: string): string =>
  json.includes('\\u') ? json.replace(/\\(u000[01]|ud[89a-f][\da-f]{2}|.)/g, jsonEscape) : json

const jsonEscape = (found: string, of: string): string => {
  if (of === 'u0000') return '\\u0001\\u0001'
  if (of === 'u0001') return '\\u0001\\u0002'
  return of.startsWith('ud') ? '\\ufffd' : found
}

/** The query of a request as the access log may keep it. */

/** What a query parameter's value is replaced by. */
const MASK = '*'

// They hold what people search for, parts of metadata, and what a sign-in hands over.
const SECRET = /^(q|code|state|metadata(\[.*)?)$/

const LONGEST = 2_000

/**
 * The query of `url` without the values of parameters that may hold personal data or secrets, and of those that are not `known`;
 * null where it has none. A long one is cut.
 */
export const maskedQuery = (url: string, known: (name: string) => boolean): string | null => {
  const at = url.indexOf('?')
  if (at === -1 || at === url.length - 1) return null
  const masked = [...new URLSearchParams(url.slice(at + 1))].map(([name, value]) =>
    SECRET.test(name) || !known(name) ? [shown(name, known), MASK] : [name, value],
  )
  const text = masked.map(([name = '', value = '']) => `${escaped(name)}=${escaped(value)}`).join('&')
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

// An unknown name may be a secret that stands where it does not belong.
const shown = (name: string, known: (name: string) => boolean): string =>
  known(name) || SECRET.test(name) ? name : MASK

/** Readable, and without what would end a parameter. */
const escaped = (text: string): string => text.replaceAll(/[%&=+#\s]/g, encodeURIComponent)

/** Any text as part of an XML name, and as no other text's: keys of XES attributes are names. */

// XML 1.0 (fifth edition), section 2.3, NameChar; without the colon, which in XES parts an extension's prefix from its key.
const NAME_CHARACTER =
  /^[-.0-9A-Z_a-z\u00b7\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u037d\u037f-\u1fff\u200c-\u200d\u203f\u2040\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\u{10000}-\u{effff}]$/u

const PLAIN = /^[-.0-9A-Za-z]*$/

// How an escape begins, though its end may be the underscore of another: its own underscore is escaped then.
const ESCAPE = /^_x[0-9A-F]{4}/

/** Other characters become `_xHHHH_`, with at least four hexadecimal digits of the code point (as in ISO 9075-14). */
export const escapedName = (text: string): string => {
  if (PLAIN.test(text)) return text
  let name = ''
  let at = 0
  for (const character of text) {
    const isName = NAME_CHARACTER.test(character) && !(character === '_' && ESCAPE.test(text.slice(at, at + 6)))
    name += isName ? character : escapeOf(character)
    at += character.length
  }
  return name
}

const escapeOf = (character: string): string =>
  `_x${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}_`

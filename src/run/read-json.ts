/**
 * JSON.parse, but with the right keys. V8 (12.8 to 14.6 at least) may give an escaped key the name of another key that it saw
 * in this place before: after `{"a":1,"\\":0}` it reads `{"a":1,"\n":0}` as that same object (nodejs/node#63785).
 */
import { isJsonObject, type Json, type JsonObject } from './json.ts'

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown

/**
 * The value of `text`, which the caller knows to be a `Value`. Throws what JSON.parse throws. Where keys are escaped, `revive`
 * is reported with other keys than theirs.
 */
export const readJson = <Value = Json>(text: string, revive?: Reviver): Value => {
  const value = JSON.parse(text, revive)
  if (!text.includes('\\')) return value
  const keys: string[] = []
  let isEscaped = false
  const numbered = text.replaceAll(STRINGS, (string, colon: string | undefined) => {
    if (colon === undefined) return string
    isEscaped ||= string.includes('\\')
    // A string that is no key is read rightly.
    keys.push(JSON.parse(string.slice(0, -colon.length)))
    return `"k${keys.length - 1}":`
  })
  return isEscaped ? (renamed(JSON.parse(numbered, revive), keys) as Value) : value
}

/** The object that `text` is; null where it is another value, or no JSON. */
export const readJsonObject = (text: string): JsonObject | null => {
  try {
    const value = readJson(text)
    return isJsonObject(value) ? value : null
  } catch {
    return null
  }
}

/** The strings and numbers of a text that is known to be JSON. */
export const STRINGS_AND_NUMBERS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g

// What is a string here is one for every parser, since the text was parsed before.
const STRINGS = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g

/** `root` with the keys that k0, k1, … in it stand for. Without recursion: it may be as deep as its text is long. */
const renamed = (root: Json, keys: readonly string[]) => {
  const whole: unknown[] = []
  const waiting: [from: object, to: object][] = [[[root], whole]]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [from, to] = next
    for (const [key, value] of Object.entries(from)) {
      const copy: unknown = Array.isArray(value) ? [] : isJsonObject(value) ? {} : value
      if (copy !== value) waiting.push([value, copy as object])
      const name = Array.isArray(from) ? key : (keys[Number(key.slice(1))] as string)
      // Assigned, `__proto__` would be no key.
      Object.defineProperty(to, name, { value: copy, writable: true, enumerable: true, configurable: true })
    }
  }
  return whole[0]
}

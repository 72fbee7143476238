/**
 * A quick look in front of a zod schema. A shape accepts only what its schema would give back unchanged, so what it
 * accepts needs no schema; of all else it knows nothing, and the schema decides. Tests hold the two equal.
 */
import { isJsonObject } from './json.ts'
import { ID, isOwnStatus, isTerminal } from './run.ts'
import { isTime } from './time.ts'

type Check = (value: unknown) => boolean

/** The fields that may stand in an object, and those that must. */
export type Shape = Readonly<{ fields: ReadonlyMap<string, Check>; required: readonly string[] }>

export const shape = (required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>>): Shape => ({
  fields: new Map([...Object.entries(required), ...Object.entries(optional)]),
  required: Object.keys(required),
})

export const hasShape = ({ fields, required }: Shape, object: Readonly<Record<string, unknown>>): boolean => {
  for (const key in object) {
    const check = fields.get(key)
    if (check === undefined || !check(object[key])) return false
  }
  for (const key of required) if (object[key] === undefined) return false
  return true
}

const text =
  (accepts: (text: string) => boolean): Check =>
  (value) =>
    typeof value === 'string' && accepts(value)

export const anyObject: Check = isJsonObject
export const anyText: Check = text(() => true)
export const id: Check = text((value) => ID.test(value))
export const time: Check = text(isTime)
export const ownStatus: Check = text(isOwnStatus)
export const terminalStatus: Check = text(isTerminal)

/** Text of at most `length` UTF-16 code units, so of no more characters than that. */
export const textUpTo = (length: number): Check => text((value) => value.length <= length)
/** 1 to 255 characters of printable ASCII. */
export const printable: Check = text((value) => {
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at)
    if (code < 0x20 || code > 0x7e) return false
  }
  return value.length > 0 && value.length <= 255
})

/**
 * Reads objects field by field, with checks made from their zod schema. zod visits every field that an object could have,
 * which takes three times as long for a command. Tests show that both give the same.
 */
import { z } from 'zod'
import { absentForNull } from '../run/commands.ts'
import { isJsonObject } from '../run/json.ts'

/** What the schema makes of a value, or null where it refuses it and has to say why. */
export type Reader<Output> = (value: unknown) => Output | null

/** The reader of a strict object without rules across its fields. */
export const fieldReader = <Schema extends z.ZodObject>(schema: Schema): Reader<z.output<Schema>> => {
  if (!(schema.def.catchall instanceof z.ZodNever) || schema.def.checks?.length)
    throw new Error('only a strict object without checks of its own can be read field by field')
  const fields = new Map(Object.entries(schema.shape).map(([name, field]) => [name, readField(field as z.ZodType)]))
  const required = Object.keys(schema.shape).filter((name) => fields.get(name)?.(undefined) === REFUSED)
  return (value) => {
    if (!isJsonObject(value)) return null
    let read: Record<string, unknown> = value
    for (const name in value) {
      const readName = fields.get(name)
      const field = readName === undefined ? REFUSED : readName(value[name])
      if (field === REFUSED) return null
      if (field === value[name]) continue
      // Most are taken as they are, and a copy would cost as much as all the rest.
      if (read === value) read = { ...value }
      read[name] = field
    }
    return required.every((name) => read[name] !== undefined) ? (read as z.output<Schema>) : null
  }
}

const REFUSED = Symbol('refused')
const SYNCHRONOUS = { async: false }

type ReadField = (value: unknown) => unknown

const readField = (schema: z.ZodType): ReadField => {
  const inner = innerOfOptional(schema)
  if (inner !== null) {
    const read = readField(inner)
    return (value) => (value === null || value === undefined ? undefined : read(value))
  }
  if (isAnyObject(schema)) return (value) => (isJsonObject(value) ? value : REFUSED)
  const pattern = patternOf(schema)
  if (pattern !== null) return (value) => (typeof value === 'string' && pattern.test(value) ? value : REFUSED)
  return (value) => {
    // What `safeParse` calls, which takes as long again to wrap the answer.
    const parsed = schema._zod.run({ value, issues: [] }, SYNCHRONOUS) as z.core.ParsePayload
    return parsed.issues.length === 0 ? parsed.value : REFUSED
  }
}

/** What `optional` in commands.ts was given. */
const innerOfOptional = (schema: z.ZodType): z.ZodType | null => {
  if (!(schema instanceof z.ZodPipe && schema.def.out instanceof z.ZodTransform)) return null
  if (schema.def.out.def.transform !== absentForNull || !(schema.def.in instanceof z.ZodOptional)) return null
  const { innerType } = schema.def.in.def
  return innerType instanceof z.ZodNullable ? (innerType.def.innerType as z.ZodType) : null
}

const isAnyObject = (schema: z.ZodType): boolean =>
  schema instanceof z.ZodObject && Object.keys(schema.shape).length === 0 && schema.def.catchall instanceof z.ZodUnknown

/** The one rule of a text that has no other; null for all other schemas. */
const patternOf = (schema: z.ZodType): RegExp | null => {
  if (!(schema instanceof z.ZodString) || schema.def.checks?.length !== 1) return null
  const [check] = schema.def.checks
  return check instanceof z.core.$ZodCheckRegex ? check._zod.def.pattern : null
}

/** The faults of a request, field by field, in one form for every interface. */
import type { z } from 'zod'
import { escapeToken } from '../lib/json-pointer.ts'

/** `pointer` is a JSON Pointer (RFC 6901) into what was sent. */
export type FieldIssue = Readonly<{ pointer: string; detail: string }>

/** Every fault that a schema found; each unknown field is one. */
export const fieldIssuesOf = (error: z.core.$ZodError): readonly FieldIssue[] => error.issues.flatMap(fieldIssues)

const fieldIssues = (issue: z.core.$ZodIssue): readonly FieldIssue[] => {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        pointer: pointerOf([...issue.path, key]),
        detail: 'is not a field of this object',
      }))
    case 'invalid_type':
      return [{ pointer: pointerOf(issue.path), detail: `must be ${ARTICLE[issue.expected] ?? issue.expected}` }]
    case 'invalid_value':
      return [{ pointer: pointerOf(issue.path), detail: `must be ${oneOf(issue.values)}` }]
    case 'invalid_union': {
      // A discriminator: its values are what the caller needs to know.
      const detail = 'options' in issue && issue.options ? `must be ${oneOf(issue.options)}` : issue.message
      return [{ pointer: pointerOf(issue.path), detail }]
    }
    default:
      return [{ pointer: pointerOf(issue.path), detail: issue.message }]
  }
}

const ARTICLE: Partial<Record<string, string>> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
}

const oneOf = (values: readonly unknown[]): string =>
  `${values.length === 1 ? '' : 'one of '}${values.map((value) => JSON.stringify(value)).join(', ')}`

// A lone surrogate in a key cannot be sent back: it is shown replaced.
const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map((key) => `/${escapeToken(String(key).toWellFormed())}`).join('')

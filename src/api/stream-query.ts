/** The query parameters of `GET /stream`. */
import { z } from 'zod'
import { entryFilters } from './entries.ts'

export const StreamQuery = z.strictObject({
  ...entryFilters,
  from: z
    .string()
    .regex(/^(start|head|\d{20})$/, 'must be start, head, or the 20 digits of a position')
    .default('head')
    .meta({ description: '`start`, `head`, or a position after which to begin. `Last-Event-ID` overrides it' }),
})
export type StreamQuery = Readonly<z.output<typeof StreamQuery>>

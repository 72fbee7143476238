/** Schemas of the request headers, by their names as written. */
import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { PositionText } from '../../api/answers.ts'
import { Actor, CommandId, TRACEPARENT } from '../../run/texts.ts'
import { revisionOfTag } from '../response/etag.ts'

const IdempotencyKey = z
  .string()
  .transform((text, context): string => {
    const key = text.startsWith('"') ? unquoted(text) : text
    if (key !== null && CommandId.safeParse(key).success) return key
    context.addIssue({ code: 'custom', message: 'must be 1 to 255 characters of printable ASCII, bare or in quotes' })
    return z.NEVER
  })
  .meta({ description: 'A repeat with the same key stores nothing and returns the first answer' })

/** A structured-field string (RFC 9651, section 3.3.3); null where the quotes do not close or escape something else. */
const unquoted = (text: string): string | null => {
  const match = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)
  return match === null ? null : (match[1] as string).replaceAll(/\\(["\\])/g, '$1')
}

const IfMatch = z
  .string()
  .transform((text, context): number => {
    const revision = revisionOfTag(text)
    if (revision !== null) return revision
    context.addIssue({ code: 'custom', message: 'must be one strong tag, the ETag of a Run, like "3"' })
    return z.NEVER
  })
  .meta({ description: 'The revision that the run must have, as its ETag', example: '"3"' })

const ActorHeader = z
  .string()
  .transform((text, context): string => {
    // Node reads header bytes as Latin-1.
    const bytes = Buffer.from(text, 'latin1')
    const actor = bytes.toString('utf8')
    if (isUtf8(bytes) && Actor.safeParse(actor).success) return actor
    context.addIssue({ code: 'custom', message: 'must be 1 to 256 characters in UTF-8, none of them a control' })
    return z.NEVER
  })
  .meta({ description: 'On whose behalf: the actor in the audit trail' })

const Traceparent = z
  .string()
  // A trace that is broken must not break what is traced (W3C Trace Context, section 3.2).
  .transform((text) => (TRACEPARENT.test(text) ? text : undefined))
  .meta({ description: 'W3C Trace Context, stored with the event' })

/** Of a create and of `POST /commands`: neither has a revision to match. */
export const CreateHeaders = z.object({
  'Idempotency-Key': IdempotencyKey.optional(),
  'Run-Ledger-Actor': ActorHeader.optional(),
  traceparent: Traceparent.optional(),
})

/** Of every other command. */
export const CommandHeaders = CreateHeaders.extend({ 'If-Match': IfMatch.optional() })

const Position = PositionText.meta({
  description: 'Read your own writes: waits until the read model has reached this position',
})

export const ReadHeaders = z.object({ 'Run-Ledger-Position': Position.optional() })

/** Of a route that takes no query parameters. */
export const NoQuery = z.strictObject({})

export const RunReadHeaders = ReadHeaders.extend({ 'If-None-Match': z.string().optional() })

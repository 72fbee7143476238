/** Entries as CloudEvents 1.0, in the JSON format and its batches. */
import { z } from 'zod'
import { AnyObject } from '../../run/run.ts'
import { AnswerTime } from '../answers.ts'
import type { EntryAnswer } from '../entries.ts'

export const CLOUD_EVENTS_TYPE = 'application/cloudevents-batch+json'

/** The default `source` of events. */
export const CLOUD_EVENTS_SOURCE = '/run-ledger'

/** A URI-reference (RFC 3986, section 4.1), as `source` must be. */
export const CloudEventsSource = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2}){1,1024}$/,
    'must be a URI or a path, like /run-ledger',
  )

/**
 * Attributes of the specification, then of its documented extensions: correlation (`correlationid`, `causationid`),
 * sequence (the position, whose order as text is the log's) and recorded time; `actor` is the ledger's own.
 */
export const CloudEventAnswer = z
  .object({
    specversion: z.literal('1.0'),
    id: z.string().meta({ description: "the event's id" }),
    source: z.string().meta({ example: CLOUD_EVENTS_SOURCE }),
    type: z.string().meta({ example: 'run-ledger.RunCreated.v1' }),
    subject: z.string().meta({ description: 'the run' }),
    time: AnswerTime.optional().meta({ description: 'when it occurred' }),
    datacontenttype: z.literal('application/json').optional(),
    recordedtime: AnswerTime,
    sequence: z.string().meta({ description: 'its position; the order of these texts is the order of the log' }),
    correlationid: z.string().optional(),
    causationid: z.string().optional(),
    actor: z.string().optional(),
    data: AnyObject.optional().meta({ description: 'what is stored' }),
  })
  .meta({ id: 'CloudEvent', description: 'An Entry as a CloudEvent 1.0, without the parts that could not be read' })
export type CloudEvent = Readonly<z.infer<typeof CloudEventAnswer>>

/** The CloudEvent of `entry`. Its type includes the schema version of `data`, where that could be read. */
export const cloudEventOf = (entry: EntryAnswer, source: string): CloudEvent => ({
  specversion: '1.0',
  id: entry.event_id,
  source,
  type: `run-ledger.${entry.type}${entry.schema_version === null ? '' : `.v${entry.schema_version}`}`,
  subject: entry.run_id,
  time: entry.occurred_at ?? undefined,
  datacontenttype: entry.data === null ? undefined : 'application/json',
  recordedtime: entry.recorded_at,
  sequence: entry.position,
  correlationid: entry.correlation_id ?? undefined,
  causationid: entry.causation_id ?? undefined,
  actor: entry.actor ?? undefined,
  data: entry.data ?? undefined,
})

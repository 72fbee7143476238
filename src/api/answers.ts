/** Schemas of answers, for the OpenAPI document and for clients. */
import { z } from 'zod'
import { AnyObject, Id } from '../run/run.ts'
import { Problem } from './problems.ts'

/** A time in an answer. */
export const AnswerTime = z.string().meta({
  format: 'date-time',
  description: 'UTC with milliseconds, always 24 characters',
  example: '2026-05-04T09:30:00.000Z',
})

/** 20 decimal digits, zero-padded: the position up to which the log had been read. */
export const PositionText = z
  .string()
  .regex(/^\d{20}$/, 'must be the 20 digits of a Run-Ledger-Position')
  .meta({ example: '00000000000000000004' })

export const NextCursor = z.string().nullable().meta({ description: 'null on the last page only' })

/** A Run, always all ten fields. */
export const RunAnswer = z
  .object({
    run_id: Id,
    run_group_id: Id.nullable(),
    policy_version_id: Id,
    status: z.string().meta({ example: 'SUCCESS' }),
    result: z.string().nullable().meta({ example: 'APPROVED' }),
    input_data: AnyObject,
    run_metadata: AnyObject,
    created_at: AnswerTime,
    started_at: AnswerTime.nullable(),
    last_updated_at: AnswerTime,
  })
  .meta({ id: 'Run', description: 'The state of a run, folded from its events' })
export type RunAnswer = Readonly<z.infer<typeof RunAnswer>>

export const RunListAnswer = z
  .object({
    data: z.array(RunAnswer),
    next_cursor: NextCursor,
    count: z
      .int()
      .optional()
      .meta({ description: 'the number of matching runs on all pages; present with `count=true`' }),
    quarantined: z
      .array(z.object({ run_id: Id, revision: z.int() }))
      .optional()
      .meta({ description: 'runs in `data` with a later event that cannot be read; their last good state is shown' }),
  })
  .meta({ id: 'RunList' })
export type RunListAnswer = Readonly<z.infer<typeof RunListAnswer>>

/** The answer to one line of `POST /commands`. */
export const LineAnswer = z
  .discriminatedUnion('ok', [
    z.object({ line: z.int(), ok: z.literal(true), repeated: z.boolean(), run_id: Id, revision: z.int() }),
    z.object({ line: z.int(), ok: z.literal(false), problem: Problem }),
  ])
  .meta({ id: 'LineAnswer', description: 'One line of the answer, for each line of the request that is not blank' })
export type LineAnswer = Readonly<z.infer<typeof LineAnswer>>

const Projection = z
  .object({
    name: z.string(),
    version: z.int(),
    position: PositionText,
    caught_up: z.boolean(),
    lag_seconds: z.number().nullable(),
    lag_events: z.int().nullable(),
    last_heartbeat: AnswerTime.nullable(),
    rebuilding: z.boolean(),
    quarantined: z.array(
      z.object({ run_id: Id, revision: z.int(), type: z.string(), detail: z.string(), since: AnswerTime }),
    ),
    parts: z
      .array(
        z.object({
          part: z.int(),
          owner: z.string().nullable(),
          position: PositionText,
          lag_seconds: z.number().nullable(),
          lag_events: z.int().nullable(),
        }),
      )
      .optional()
      .meta({ description: 'in PostgreSQL: which process projects each part, and how far it is; the slowest first' }),
  })
  .meta({ id: 'Projection', description: 'The state of a projection, compared with the log itself' })

export const ProjectionsAnswer = z.object({ data: z.array(Projection) }).meta({ id: 'Projections' })
export type ProjectionsAnswer = Readonly<z.infer<typeof ProjectionsAnswer>>

export const StatusAnswer = z
  .object({
    status: z.enum(['up', 'ready']),
    trust: z.enum(['signing', 'refused']).optional().meta({
      description: '`refused`: the log is not the one that was signed before, and no checkpoint is signed',
    }),
  })
  .meta({ id: 'Status' })

export const IndexAnswer = z
  .object({
    name: z.literal('run-ledger'),
    version: z.string(),
    links: z.record(z.string(), z.string()).meta({ description: 'the path of each part of the API, by name' }),
  })
  .meta({ id: 'Index' })
export type IndexAnswer = Readonly<z.infer<typeof IndexAnswer>>

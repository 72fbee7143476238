/** Figures of a policy version on the wire. */
import { z } from 'zod'
import type { Time } from '../run/time.ts'
import { AnswerTime } from './answers.ts'
import { QueryTime } from './query-parts.ts'

export const BUCKETS = ['hour', 'day', 'total'] as const

/** How the text of a bucket's first moment ends. The read model stores figures by the hour. */
const EDGES = {
  hour: { ending: ':00:00.000Z', name: "an hour's beginning in UTC, like 2026-05-04T09:00:00Z" },
  day: { ending: 'T00:00:00.000Z', name: "a day's beginning in UTC, like 2026-05-04T00:00:00Z" },
  total: { ending: ':00:00.000Z', name: "an hour's beginning in UTC, like 2026-05-04T09:00:00Z" },
} as const

/** `GET /policy-versions/{policy_version_id}/stats`. */
export const PolicyStatsQuery = z
  .strictObject({
    from: QueryTime.optional().meta({ description: 'runs created then or later; must be the beginning of a bucket' }),
    to: QueryTime.optional().meta({ description: 'runs created earlier; must be the end of a bucket' }),
    bucket: z.enum(BUCKETS).default('total'),
  })
  .superRefine(({ from, to, bucket }, context) => {
    const { ending, name } = EDGES[bucket]
    const isOff = (time: Time | undefined) => time !== undefined && !time.endsWith(ending)
    if (isOff(from)) context.addIssue({ code: 'custom', path: ['from'], message: `must be ${name}` })
    if (isOff(to)) context.addIssue({ code: 'custom', path: ['to'], message: `must be ${name}` })
    if (from !== undefined && to !== undefined && from >= to)
      context.addIssue({ code: 'custom', path: ['to'], message: 'must be after from' })
  })
export type PolicyStatsQuery = Readonly<z.output<typeof PolicyStatsQuery>>

const ms = z.number().nullable()

const Bucket = z.object({
  from: AnswerTime,
  to: AnswerTime,
  runs: z.int().meta({ description: 'the runs created in this time' }),
  by_status: z.record(z.string(), z.int()).meta({ description: 'the number of them in each status' }),
  error_rate: z.number().nullable().meta({ description: 'FAILURE ÷ completed, null where no run is completed' }),
  results: z
    .array(z.object({ result: z.string().nullable(), count: z.int(), share: z.number() }))
    .meta({ description: 'the results of the completed runs, each with its share' }),
  duration_ms: z
    .object({ count: z.int(), mean: ms, min: ms, max: ms, p50: ms, p95: ms, p99: ms })
    .meta({ description: '`last_updated_at − created_at` of the completed runs; percentiles within 1 %' }),
})

export const PolicyStatsAnswer = z
  .object({ data: z.array(Bucket) })
  .meta({ id: 'PolicyStats', description: 'Figures of the runs of a policy version, by the time of their creation' })
export type PolicyStatsAnswer = Readonly<z.infer<typeof PolicyStatsAnswer>>

/** The query parameters of reads of runs. */
import { z } from 'zod'
import { Id, STATUS } from '../run/run.ts'
import { Result } from '../run/texts.ts'
import { anyOf, Cursor, flag, Limit, PAGE_SIZE, QueryTime, wholeNumber } from './query-parts.ts'

const MAX_METADATA_FILTERS = 5

/** `GET /runs/{run_id}`. */
export const RunReadQuery = z
  .strictObject({
    as_of: QueryTime.optional().meta({ description: 'the run as of that time' }),
    known_at: QueryTime.optional().meta({ description: 'the run as the ledger knew it then' }),
    revision: wholeNumber(0, 999_999_999)
      .optional()
      .meta({ description: 'the run after this event; cannot be combined with other parameters' }),
    consistency: z.enum(['strong']).optional().meta({ description: 'folded from the stream, not the read model' }),
  })
  .refine(
    (query) => query.revision === undefined || Object.values(query).filter((value) => value !== undefined).length === 1,
    {
      path: ['revision'],
      message: 'cannot be combined with as_of, known_at or consistency',
    },
  )
export type RunReadQuery = Readonly<z.output<typeof RunReadQuery>>

export const RUN_SORTS = ['created_at', '-created_at', 'last_updated_at', '-last_updated_at'] as const

const METADATA_PARAMETER = /^metadata\[(.*)\]$/s

/** `metadata[<key>]=<value>` parameters, gathered into one object. */
const gatherMetadata = (query: unknown): unknown => {
  if (typeof query !== 'object' || query === null) return query
  const gathered: [string, unknown][] = []
  const metadata: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(query)) {
    const key = METADATA_PARAMETER.exec(name)?.[1]
    // No metadata has this key, so it stays an unknown parameter.
    if (key === undefined || key === '__proto__') gathered.push([name, value])
    else metadata[key] = value
  }
  // `metadata` without a key stays what it is, and is refused.
  if (Object.keys(metadata).length > 0 && !Object.hasOwn(query, 'metadata')) gathered.push(['metadata', metadata])
  // Not by assignment: a parameter may be called `__proto__`.
  return Object.fromEntries(gathered)
}

/** `GET /runs`. */
export const RunListQuery = z.preprocess(
  gatherMetadata,
  z
    .strictObject({
      status: anyOf(z.string().regex(STATUS, 'must be a status: 1 to 64 of A-Z 0-9 _')),
      result: anyOf(Result),
      run_group_id: anyOf(Id),
      policy_version_id: anyOf(Id),
      created_after: QueryTime.optional(),
      created_before: QueryTime.optional(),
      updated_after: QueryTime.optional(),
      updated_before: QueryTime.optional(),
      metadata: z
        .record(z.string(), z.string())
        .refine((keys) => Object.keys(keys).length <= MAX_METADATA_FILTERS, {
          message: `at most ${MAX_METADATA_FILTERS} keys may be given`,
        })
        .optional()
        .meta({
          style: 'deepObject',
          explode: true,
          description:
            '`metadata[<key>]=<value>`: top-level keys of `run_metadata`, at most 5, and the whole text of their values. For nested keys and comparisons use `q`',
        }),
      q: z.string().optional().meta({
        description:
          'a search of the Run and its JSON (docs/search.md), at most 2,000 characters; in the past it sees the metadata as they stood',
        example: 'result = "DECLINED" and metadata.score >= 640 and duration > 2d',
      }),
      sort: z
        .enum(RUN_SORTS)
        .default('-created_at')
        .meta({ description: 'equal values are sorted by `run_id` in the same direction' }),
      as_of: QueryTime.optional().meta({
        description: 'every run as of that time; all filters except metadata apply to its state then',
      }),
      known_at: QueryTime.optional().meta({
        description: 'every run as the ledger knew it then; all filters except metadata apply to that state',
      }),
      limit: Limit.default(PAGE_SIZE).meta({ default: PAGE_SIZE }),
      cursor: Cursor.optional(),
      count: flag.default(false).meta({ default: false, description: 'adds the exact `count`; not with `cursor`' }),
    })
    .refine(({ count, cursor }) => !(count && cursor !== undefined), {
      path: ['count'],
      message: 'cannot be combined with cursor: ask for it with the first page',
    }),
)
export type RunListQuery = Readonly<z.output<typeof RunListQuery>>

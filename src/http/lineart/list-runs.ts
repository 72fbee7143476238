/** Lists of runs as Lineart's SDK reads them: one bare array, newest first. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Problem } from '../../api/problems.ts'
import type { RunPage, SortKey } from '../../read-model/read-model.ts'
import { readJson } from '../../run/read-json.ts'
import type { Run } from '../../run/run.ts'
import { orThrow } from '../response/problem-error.ts'
import { readProblem } from '../response/read-problems.ts'
import type { ServerParts } from '../server-parts.ts'
import type { Span } from './days.ts'
import { lineartRun } from './run-shape.ts'

export type Listing = Readonly<{ versions: readonly string[]; span: Span; limit: number }>

/** The array, page by page; a page that cannot be read is thrown. */
export async function* runTexts(parts: ServerParts, { limit, ...listing }: Listing): AsyncGenerator<string> {
  let [printed, begin] = [0, '[']
  let after: SortKey | undefined
  do {
    const { runs, next } = await orThrow(pageOf(parts, listing, Math.min(limit - printed, PAGE), after))
    const texts = runs.map(({ text }) => JSON.stringify(lineartRun(readJson<Run>(text))))
    yield `${begin}${printed > 0 && texts.length > 0 ? ',' : ''}${texts.join()}`
    printed += texts.length
    begin = ''
    after = next ?? undefined
  } while (after !== undefined && printed < limit)
  yield ']'
}

const PAGE = 200

const pageOf = (
  { readModel }: ServerParts,
  { versions, span }: Omit<Listing, 'limit'>,
  limit: number,
  after: SortKey | undefined,
): TE.TaskEither<Problem, RunPage> =>
  pipe(
    readModel.listRuns({
      policy_version_id: versions,
      created_after: span.after,
      created_before: span.before,
      sort: '-created_at',
      count: false,
      limit,
      after,
    }),
    TE.mapLeft(readProblem),
  )

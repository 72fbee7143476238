/** Where an import's refused lines go: a file, or the first few of them to standard error. */
import { open } from 'node:fs/promises'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ImportWatch } from '../../transfer/import.ts'
import { rejectLine } from '../../transfer/rejects.ts'
import { FILE_MODE } from '../../transfer/sink.ts'
import { type CliFailure, cliFailure, EXIT } from '../outcome.ts'
import { remark } from './output.ts'

export type Rejects = Readonly<{ write: ImportWatch['onRejected']; close: () => Promise<void> }>

/** Opens `path` for refused lines, `undefined` for standard error. The failure is a file that cannot be made. */
export const openRejects = (path: string | undefined): TE.TaskEither<CliFailure, Rejects> =>
  path === undefined ? TE.fromIO(rejectsOnTerminal) : rejectsInFile(path)

const rejectsInFile = (path: string): TE.TaskEither<CliFailure, Rejects> =>
  pipe(
    TE.tryCatch(() => open(path, 'w', FILE_MODE), unwritable(path)),
    TE.bimap(
      (why) => cliFailure(EXIT.usage, why),
      (handle): Rejects => ({
        write: (rejected) => TE.tryCatch(() => handle.appendFile(rejected.map(rejectLine).join('')), unwritable(path)),
        close: () => handle.close(),
      }),
    ),
  )

const unwritable =
  (path: string) =>
  (error: unknown): string =>
    `${path} cannot be written (${error instanceof Error && 'code' in error ? String(error.code) : String(error)})`

const SHOWN = 5

/** Without a file the first few are shown: enough to see what is wrong. */
const rejectsOnTerminal = (): Rejects => {
  let shown = 0
  return {
    write: (rejected) =>
      TE.fromIO(() => {
        for (const { line, problem } of rejected.slice(0, SHOWN - shown))
          remark(`line ${line} was refused: ${problem.title}: ${problem.detail}`)
        if (shown < SHOWN && shown + rejected.length > SHOWN) remark('more were refused: add --rejects FILE to see all')
        shown = Math.min(SHOWN, shown + rejected.length)
      }),
    close: () => Promise.resolve(),
  }
}

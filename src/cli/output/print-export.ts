/** Writes an export to standard output, or says why it is not whole. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Export } from '../../transfer/export.ts'
import type { SinkFailure } from '../../transfer/sink.ts'
import { type CliFailure, cliFailure, done, EXIT, type Outcome } from '../outcome.ts'
import { outputGone, print } from './output.ts'

/** Writes as fast as the output is read, until `signal` aborts. Ends early, without a failure, where the reader has left. */
export const printExport = ({ pieces, fault }: Export, signal: AbortSignal): Outcome =>
  pipe(
    TE.fromTask(async () => {
      for await (const piece of pieces) await print(piece, signal)
      return outputGone.aborted ? null : fault()
    }),
    TE.flatMap((found) => (found === null ? done : TE.left(ofSink(found)))),
  )

/** Why an export is not whole. */
export const ofSink = ({ _tag, detail }: SinkFailure): CliFailure => {
  switch (_tag) {
    case 'Unwritable':
      return cliFailure(EXIT.usage, detail)
    case 'Empty':
      return cliFailure(EXIT.refused, `${detail}: add --allow-empty where that is meant`)
    case 'Stopped':
    case 'Unreadable':
      return cliFailure(EXIT.store, `it could not be read to its end, and is cut: ${detail}`)
    default:
      return _tag satisfies never
  }
}

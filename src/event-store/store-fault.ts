/** What is wrong with a store's own file. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { EventStoreConfig, OpenFailure } from './config.ts'
import { contentFault, openLogFile } from './embedded/log-file.ts'
import { detailOf } from './embedded/sqlite-error.ts'
import { unavailable } from './event-store.ts'

/**
 * Reads every page of an embedded log, and compares its index with its table. Null where it is whole, and where the store is
 * a server, which checks its files itself.
 */
export const storeFault = (config: EventStoreConfig): TE.TaskEither<OpenFailure, string | null> =>
  config.kind === 'eventstoredb'
    ? TE.right(null)
    : TE.bracket(
        TE.fromEither(openLogFile(config.path, 'read')),
        (log) =>
          pipe(
            E.tryCatch(
              () => contentFault(log, 'integrity_check'),
              (error): OpenFailure => unavailable(`the log cannot be read: ${detailOf(error)}`),
            ),
            TE.fromEither,
          ),
        (log) => TE.fromIO(() => log.close()),
      )

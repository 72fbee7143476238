/** Listening on the first port that is free. */

import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { App } from '../../http/server-parts.ts'
import { type CliFailure, cliFailure, EXIT } from '../outcome.ts'

export type Ports = readonly [number, ...number[]]

/** Tries one port after another; the failure is that of the last. */
export const listenOn = (app: App, host: string, [port, ...others]: Ports): TE.TaskEither<CliFailure, string> => {
  const [next, ...rest] = others
  const tried = TE.tryCatch(
    () => app.listen({ host, port }),
    (error) => cliFailure(EXIT.usage, `${host}:${port} ${whyNot(error)}`),
  )
  return next === undefined
    ? tried
    : pipe(
        tried,
        TE.orElse(() => listenOn(app, host, [next, ...rest])),
      )
}

const whyNot = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  switch (code) {
    case 'EADDRINUSE':
      return 'is in use: give another --port, or --port 0 for any that is free'
    case 'EACCES':
      return 'may not be used by this user: give a --port from 1024 on'
    default:
      return `cannot be listened on (${code}): give another --host or --port`
  }
}

/** TLS of the server itself. */
import { createSecureContext, Server } from 'node:tls'
import * as E from 'fp-ts/lib/Either.js'
import type { App } from '../server-parts.ts'
import type { TlsFiles } from './door.ts'

/** The files, where they hold a certificate and its key; else what is wrong with them. */
export const checkTls = (files: TlsFiles): E.Either<string, TlsFiles> =>
  E.tryCatch(
    () => {
      createSecureContext(files)
      return files
    },
    (error) => (error instanceof Error ? error.message : String(error)),
  )

/** New connections get the new certificate; those that are open keep theirs. `files` must have been checked. */
export const replaceTls = (app: App, files: TlsFiles): void => {
  if (app.server instanceof Server) app.server.setSecureContext(files)
}

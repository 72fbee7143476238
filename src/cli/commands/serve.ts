/** `run-ledger serve`: the HTTP API over a ledger. */
import type { Command } from 'commander'
import { right } from 'fp-ts/lib/Either.js'
import type { ListenOptions } from '../../config.ts'
import {
  type CommonOptions,
  examples,
  withCloudEventsSource,
  withJson,
  withLedgerOptions,
  withListenOptions,
  withPublicUrl,
} from '../options.ts'
import { type Ending, EXIT, type Outcome, usageFailure } from '../outcome.ts'
import { aborted, interruption, say, sayJson } from '../terminal.ts'

type ServeOptions = CommonOptions &
  ListenOptions &
  Readonly<{ rebuild?: boolean; cloudEventsSource?: string; publicUrl?: string }>

export const addServe = (program: Command, ending: Ending): void => {
  const command = program.command('serve').description('Serve the HTTP API. Prints its address as its first line.')
  withJson(withCloudEventsSource(withPublicUrl(withLedgerOptions(withListenOptions(command)))))
    .option('--rebuild', 'make the read model again from the log while the old one serves')
    .option('--unauthenticated', 'listen where others can reach it: whoever does may read and write')
    .addHelpText(
      'after',
      `${examples(
        'run-ledger serve --data ./ledger',
        'run-ledger serve --data ./ledger --port 0 --json',
        'curl http://127.0.0.1:8080/docs',
      )}

SIGTERM and Ctrl-C answer what is under way and end it; a second one ends it at once.`,
    )
    .action(ending(serve))
}

const serve = async (options: ServeOptions): Promise<Outcome> => {
  const { cloudEventsSourceOf, ledgerConfigOf, listenConfigOf, publicUrlOf } = await import('../../config.ts')
  const config = ledgerConfigOf(options)
  if (config._tag === 'Left') return usageFailure(config.left)
  const listen = listenConfigOf(options)
  if (listen._tag === 'Left') return usageFailure(listen.left)
  const source = cloudEventsSourceOf(options.cloudEventsSource)
  if (source._tag === 'Left') return usageFailure(source.left)
  const publicUrl = publicUrlOf(options.publicUrl)
  if (publicUrl._tag === 'Left') return usageFailure(publicUrl.left)
  const stop = interruption()
  const [{ openLedger }, { projectorLogTo, serveLedger }, { createLogger }] = await Promise.all([
    import('../open-ledger.ts'),
    import('../serving.ts'),
    import('../../http/request/logger.ts'),
  ])
  const logger = await createLogger()
  const { host, port } = listen.right
  const opened = await openLedger(config.right, { rebuild: options.rebuild === true, log: projectorLogTo(logger) })
  if (opened._tag === 'Left') return opened
  const serving = await serveLedger(opened.right, config.right, {
    host,
    ports: [port],
    logger,
    cloudEventsSource: source.right,
    publicUrl: publicUrl.right,
  })
  if (serving._tag === 'Left') return serving
  const { url } = serving.right
  if (options.json) sayJson({ url })
  else say(url)
  logger.info({ url, pid: process.pid }, 'serving')
  await aborted(stop.signal)
  logger.info({ signal: stop.by() }, 'answering what is under way, then stopping')
  await serving.right.close()
  stop.release()
  return right(EXIT.done)
}

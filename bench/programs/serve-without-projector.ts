/** The ledger's server with its projector stopped: `node serve-without-projector.ts DIRECTORY [--metrics]` prints its address. */
import { openLedger } from '../../src/cli/ledger/open-ledger.ts'
import { serveLedger } from '../../src/cli/ledger/serving.ts'
import { ledgerConfigOf } from '../../src/config.ts'
import { createLogger } from '../../src/http/request/logger.ts'
import { measureCommits, measuredStore } from '../../src/metrics/measured-store.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'

const main = async (data: string, measures: boolean): Promise<void> => {
  const metrics = measures ? createMetrics() : null
  if (metrics !== null) measureCommits(metrics)
  const config = ledgerConfigOf({ data })
  if (config._tag === 'Left') throw new Error(config.left.detail)
  const opened = await openLedger(
    config.right,
    metrics === null ? {} : { instrument: (store) => measuredStore(store, metrics) },
  )()
  if (opened._tag === 'Left') throw new Error(opened.left.lines.join('\n'))
  await opened.right.projector.stop()
  const logger = await createLogger()
  const serving = await serveLedger(opened.right, config.right, {
    host: '127.0.0.1',
    ports: [0],
    logger,
    ...(metrics === null ? undefined : { metrics }),
  })()
  if (serving._tag === 'Left') throw new Error(serving.left.lines.join('\n'))
  process.stdout.write(`${serving.right.url}\n`)
  process.once('SIGTERM', () => void serving.right.close())
}

await main(process.argv[2] ?? '', process.argv.includes('--metrics'))

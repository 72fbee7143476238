/** The ledger's server with its projector stopped: `node serve-without-projector.ts DIRECTORY` prints its address. */

import { startServing } from '../../src/cli/serving.ts'
import { ledgerConfigOf } from '../../src/config.ts'
import { createLogger } from '../../src/http/logger.ts'

const main = async (data: string): Promise<void> => {
  const config = ledgerConfigOf({ data })
  if (config._tag === 'Left') throw new Error(config.left.detail)
  const serving = await startServing(config.right, {
    host: '127.0.0.1',
    ports: [0],
    logger: await createLogger(),
    prepare: ({ projector }) => projector.stop(),
  })
  if (serving._tag === 'Left') throw new Error(serving.left.lines.join('\n'))
  process.stdout.write(`${serving.right.url}\n`)
  process.once('SIGTERM', () => void serving.right.close())
}

await main(process.argv[2] ?? '')

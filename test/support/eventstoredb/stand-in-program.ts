/** A stand-in in a process of its own: prints its address as its first line, and obeys orders on standard input. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { makeCertificates } from './certificates.ts'
import { obey } from './control.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

const USAGE = `npm run stand-in -- [--port PORT] [--data DIR] [--version VERSION] [--max-append BYTES] [--gate]
                [--tls CA_FILE [--user NAME:PASSWORD[:GROUP]]...]
  --port PORT          where it listens on 127.0.0.1; 0, the default, picks one
  --data DIR           keeps its events there, over restarts and kills; DIR/pid names its process
  --version VERSION    of EventStoreDB, that it says it is
  --max-append BYTES   of data that one append may have
  --gate               lets it be frozen by an order; slower
  --tls CA_FILE        speaks TLS, and writes the certificate to trust to this file
  --user ...           who may come in; the group $admins may everything
Orders, one a line: cut, freeze, thaw, stop, start, clear, system_event, or JSON:
  {"do":"fault","fault":{"_tag":"Hang","on":"append","stored":true,"times":3}}
  {"do":"role","role":{"_tag":"ReadOnlyReplica","leader":{"host":"127.0.0.1","port":2113}}}
`

const main = async () => {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      data: { type: 'string' },
      version: { type: 'string' },
      'max-append': { type: 'string' },
      gate: { type: 'boolean', default: false },
      tls: { type: 'string' },
      user: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return
  }
  const certificates = values.tls === undefined ? undefined : await makeCertificates()
  if (values.tls !== undefined && certificates !== undefined) writeFileSync(values.tls, certificates.authority)
  const standIn = await startStandIn({
    port: Number(values.port),
    gate: values.gate,
    users: values.user.map((user) => {
      const [name = '', password = '', ...groups] = user.split(':')
      return { name, password, groups }
    }),
    ...(values.data === undefined ? {} : { data: values.data }),
    ...(values.version === undefined ? {} : { version: values.version }),
    ...(values['max-append'] === undefined ? {} : { maxAppendSize: Number(values['max-append']) }),
    ...(certificates === undefined ? {} : { certificates }),
  })
  process.stdout.write(`${standIn.address}\n`)
  // Who starts it by npm needs it to freeze or kill the server itself.
  if (values.data !== undefined) writeFileSync(join(values.data, 'pid'), `${process.pid}\n`)
  const orders = createInterface({ input: process.stdin })
  const obeyed = obeyAll(standIn, orders)
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  orders.close()
  process.stdin.destroy()
  await obeyed
  await standIn.stop()
}

const obeyAll = async (standIn: StandIn, orders: AsyncIterable<string>) => {
  for await (const line of orders) process.stdout.write(`${await obey(standIn, line.trim())}\n`)
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
  process.exitCode = 2
})

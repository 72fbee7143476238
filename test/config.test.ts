import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  cloudEventsSourceOf,
  ledgerConfigOf,
  listenConfigOf,
  publicUrlOf,
  serverUrlOf,
  wholeNumberOf,
} from '../src/config.ts'

describe('where a ledger is', () => {
  test('is ./run-ledger-data where nothing is said', () =>
    expect(ledgerConfigOf({})).toMatchObject({
      right: {
        eventStore: { kind: 'embedded', path: join('run-ledger-data', 'events.db'), prefix: 'run-' },
        readModel: { kind: 'sqlite', path: join('run-ledger-data', 'read-model.db') },
      },
    }))

  test('is the directory, but for what is named by itself', () =>
    expect(ledgerConfigOf({ data: '/d', readModel: 'sqlite:/fast/rm.db', streamPrefix: 'bank.run-' })).toMatchObject({
      right: {
        eventStore: { path: '/d/events.db', prefix: 'bank.run-' },
        readModel: { kind: 'sqlite', path: '/fast/rm.db' },
      },
    }))

  test('can be two files', () =>
    expect(ledgerConfigOf({ eventStore: 'embedded:./e.db', readModel: 'sqlite:r.db' })).toMatchObject({
      right: { eventStore: { path: './e.db' }, readModel: { kind: 'sqlite', path: 'r.db' } },
    }))

  test.each([
    [{ eventStore: 'embedded:e.db' }, '--read-model'],
    [{ readModel: 'sqlite:r.db' }, '--event-store'],
    [{ eventStore: 'esdb://localhost:2113' }, '--read-model'],
    [{ data: 'd', eventStore: 'esdb://u:p@localhost:2113?tls=false' }, 'credentials are not sent'],
    [{ data: 'd', eventStore: 'esdb://' }, 'esdb://HOST:2113'],
    [{ data: 'd', eventStore: 'e.db' }, 'embedded:PATH'],
    [{ data: 'd', eventStore: 'embedded:' }, 'embedded:PATH'],
    [{ data: 'd', readModel: 'mysql://x' }, 'sqlite:PATH'],
    [{ data: 'd', readModel: 'postgres://host' }, 'it names no database'],
    [{ data: '' }, '--data'],
    [{ streamPrefix: '$all' }, '--stream-prefix'],
    [{ streamPrefix: '' }, '--stream-prefix'],
  ])('is refused for %j, saying what to give', (options, said) =>
    expect(ledgerConfigOf(options)).toMatchObject({
      left: { _tag: 'UsageFailure', detail: expect.stringContaining(said) },
    }),
  )
})

describe('where to listen', () => {
  test.each(['127.0.0.1', '127.8.9.10', '::1'])('%s is taken as it is', (host) =>
    expect(listenConfigOf({ host, port: '0' })).toMatchObject({ right: { host, port: 0 } }),
  )

  test('localhost is one address, whatever else it stands for', () =>
    expect(listenConfigOf({ host: 'localhost', port: '0' })).toMatchObject({ right: { host: '127.0.0.1' } }))

  test.each(['0.0.0.0', '::', '10.0.0.1', 'ledger.example.org', '127.0.0.1.example.org'])(
    '%s needs TLS, a proxy, --insecure-http or --unauthenticated',
    (host) => {
      expect(listenConfigOf({ host, port: '80' })).toMatchObject({
        left: { detail: expect.stringMatching(/--insecure-http.*--unauthenticated/) },
      })
      for (const safe of [{ insecureHttp: true }, { tlsCert: 'cert.pem' }, { trustProxy: ['10.0.0.0/8'] }])
        expect(listenConfigOf({ host, port: '80', ...safe })).toMatchObject({
          right: { unauthenticated: false, protectsCredentials: true },
        })
      expect(listenConfigOf({ host, port: '80', unauthenticated: true })).toMatchObject({ right: { host, port: 80 } })
    },
  )

  test('the server may be reached by the names that are given, and by the one that it listens on', () =>
    expect(
      listenConfigOf({ host: 'ledger.lan', port: '0', unauthenticated: true, allowedHost: ['ledger.example'] }),
    ).toMatchObject({ right: { allowedHosts: ['ledger.lan', 'ledger.example'] } }))

  test.each(['', 'http://ledger.example', 'ledger.example:8080', 'a b'])('%j is no name of a host', (name) =>
    expect(listenConfigOf({ host: '::1', port: '0', allowedHost: [name] })).toMatchObject({
      left: { detail: expect.stringContaining('--allowed-host') },
    }),
  )

  test.each(['65536', '-1', '80a', '', '1e3', '999999'])('port %j is refused', (port) =>
    expect(listenConfigOf({ host: '::1', port })).toMatchObject({
      left: { detail: expect.stringContaining('--port') },
    }),
  )
})

test.each([
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/'],
  ['https://ledger.example.org/bank', 'https://ledger.example.org/bank/'],
])('the server %s is taken', (text, href) => expect(serverUrlOf(text)).toMatchObject({ right: { href } }))

test.each(['127.0.0.1:8080', 'ftp://x', 'http://', ''])('the server %j is refused', (text) =>
  expect(serverUrlOf(text)).toMatchObject({ left: { detail: expect.stringContaining('--url') } }),
)

test('a whole number has digits only and stays within its bounds', () => {
  const bounds = { least: 1, most: 99 }
  expect(wholeNumberOf('--seed', '7', bounds)).toMatchObject({ right: 7 })
  for (const text of ['-1', '0', '100', '1.5', '1e1', '', '12345678901'])
    expect(wholeNumberOf('--seed', text, bounds)).toMatchObject({ left: { detail: expect.stringContaining('--seed') } })
})

test('the source of CloudEvents is /run-ledger, or what is given, where that is a URI or a path', () => {
  expect(cloudEventsSourceOf()).toMatchObject({ right: '/run-ledger' })
  expect(cloudEventsSourceOf('https://ledger.example')).toMatchObject({ right: 'https://ledger.example' })
  expect(cloudEventsSourceOf('my ledger')).toMatchObject({
    left: { detail: expect.stringContaining('--cloud-events-source must be a URI') },
  })
})

describe('the address that callers know', () => {
  test('is none, or one whose path ends in a slash', () => {
    expect(publicUrlOf(undefined)).toMatchObject({ right: null })
    expect(publicUrlOf('https://host.example/x')).toMatchObject({ right: new URL('https://host.example/x/') })
  })

  test.each(['host.example', 'ftp://host.example/', 'https://host.example/?a=1'])('is refused: %s', (text) =>
    expect(publicUrlOf(text)).toMatchObject({ left: { detail: expect.stringContaining('--public-url') } }),
  )
})

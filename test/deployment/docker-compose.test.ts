import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { DCLinter } from 'dclint'
import { right } from 'fp-ts/lib/Either.js'
import { expect, onTestFinished, test, vi } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { declareServe } from '../../src/cli/commands/serve.ts'
import type { LedgerOptions, ListenOptions } from '../../src/config.ts'
import { ledgerConfigOf, listenConfigOf } from '../../src/config.ts'
import { imageFile, ROOT } from './dockerfile.ts'

/** Everybody who reaches it needs credentials. */
const CLOSED = { host: '0.0.0.0', port: 8080, unauthenticated: false, protectsCredentials: true }

const FILE = `${ROOT}docker-compose.yml`

test("the file is as the Compose specification's schema wants it", () => {
  expect(faultsOf(FILE)).toEqual([])
  // The check can fail.
  const wrong = join(temporaryDirectory(), 'docker-compose.yml')
  writeFileSync(wrong, readFileSync(FILE, 'utf8').replace('condition: service_healthy', 'condition: service_well'))
  expect(faultsOf(wrong)).toHaveLength(1)
})

test('the ledger takes every flag and variable that it is given, and keeps its log in the node beside it', () => {
  const { services } = compose()
  const options = optionsOf(services['run-ledger'].command, {
    ...Object.fromEntries(imageFile().env),
    ...services['run-ledger'].environment,
  })
  expect(ledgerConfigOf(options)).toEqual(
    right({
      eventStore: { kind: 'eventstoredb', address: 'esdb://eventstoredb:2113?tls=false', prefix: 'run-' },
      readModel: { kind: 'sqlite', path: '/data/read-model.db' },
      treePath: '/data/tree.db',
    }),
  )
  expect(listenConfigOf(options)).toMatchObject(right(CLOSED))
  expect(services['run-ledger'].volumes).toContain('run-ledger-data:/data')
  expect(services['run-ledger'].depends_on).toEqual({ eventstoredb: { condition: 'service_healthy' } })
  expect(services.eventstoredb.healthcheck.test.at(-1)).toContain('http://127.0.0.1:2113/')
  expect(services.eventstoredb.environment).toMatchObject({ EVENTSTORE_INSECURE: 'true' })
})

test('the image alone takes every flag and variable that it sets, and keeps all its data in its volume', () => {
  const { cmd, env } = imageFile()
  const options = optionsOf(cmd, Object.fromEntries(env))
  expect(ledgerConfigOf(options)).toEqual(
    right({
      eventStore: { kind: 'embedded', path: '/data/events.db', prefix: 'run-' },
      readModel: { kind: 'sqlite', path: '/data/read-model.db' },
      treePath: '/data/tree.db',
    }),
  )
  expect(listenConfigOf(options)).toMatchObject(right(CLOSED))
})

test('no other machine reaches either of the two', () => {
  const { services } = compose()
  expect(services.eventstoredb.ports).toEqual(['127.0.0.1:2113:2113'])
  expect(services['run-ledger'].ports).toEqual(['127.0.0.1:8080:8080'])
})

test('data outlives its container: every volume is named, and declared', () => {
  const { services, volumes } = compose()
  const mounted = Object.values(services).flatMap((service) => service.volumes.map((each) => each.split(':')[0]))
  expect(mounted.toSorted()).toEqual(Object.keys(volumes).toSorted())
  expect(mounted).toContain('eventstoredb-data')
})

test('the version of EventStoreDB is pinned, and the one that the docs name', () => {
  const version = /^eventstore\/eventstore:(\d+\.\d+\.\d+)-bookworm-slim$/.exec(
    compose().services.eventstoredb.image,
  )?.[1]
  expect(version).toBeDefined()
  for (const page of ['docs/eventstoredb.md', 'docs/decisions/0008-eventstoredb-version.md'])
    expect(readFileSync(`${ROOT}${page}`, 'utf8'), page).toContain(version)
})

const faultsOf = (path: string) =>
  Linted.parse(new DCLinter({ rules: {}, quiet: true, debug: false, exclude: [] }).lintFiles([path], false))
    .flatMap(({ messages }) => messages)
    .filter(({ type }) => type === 'error')

// Its own types do not reach TypeScript: they import each other without extensions.
const Linted = z.array(z.object({ messages: z.array(z.object({ type: z.string(), message: z.string() })) }))

/** What `serve` makes of `args` (its own name first) and `env`; fails where it does not know one of them. */
const optionsOf = (args: readonly string[], env: Readonly<Record<string, string>>): LedgerOptions & ListenOptions => {
  expect(args[0]).toBe('serve')
  const serve = new Command('serve').exitOverride()
  declareServe(serve, () => async () => undefined)
  const known = serve.options.map(({ envVar }) => envVar)
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith('RUN_LEDGER_')) expect(known).toContain(name)
    vi.stubEnv(name, value)
  }
  onTestFinished(() => void vi.unstubAllEnvs())
  serve.parse(args.slice(1), { from: 'user' })
  return serve.opts()
}

const temporaryDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'run-ledger-compose-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const Service = z.object({
  ports: z.array(z.string()),
  volumes: z.array(z.string()),
  environment: z.record(z.string(), z.string()).default({}),
})

const Compose = z.object({
  services: z.object({
    eventstoredb: Service.extend({ image: z.string(), healthcheck: z.object({ test: z.array(z.string()) }) }),
    'run-ledger': Service.extend({ command: z.array(z.string()), depends_on: z.unknown() }),
  }),
  volumes: z.record(z.string(), z.null()),
})

const compose = (): z.infer<typeof Compose> => Compose.parse(parse(readFileSync(FILE, 'utf8')))

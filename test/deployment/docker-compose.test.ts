import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { right } from 'fp-ts/lib/Either.js'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { ledgerConfigOf, listenConfigOf } from '../../src/config.ts'
import { faultsOf } from './compose-faults.ts'
import { imageFile, ROOT } from './dockerfile.ts'
import { optionsOf } from './serve-options.ts'

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

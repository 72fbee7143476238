import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { left } from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { describe, expect, test } from 'vitest'
import type { EventStore } from '../../src/event-store/event-store.ts'
import { createLedger } from '../../src/ledger/ledger.ts'
import type { RunCommand } from '../../src/run/commands.ts'
import {
  type Imported,
  type ImportTarget,
  type ImportWatch,
  importLines,
  type Rejected,
} from '../../src/transfer/import.ts'
import { ledgerTarget } from '../../src/transfer/ledger-target.ts'
import type { Source } from '../../src/transfer/source.ts'
import { breaking, type Fault } from '../support/breaking-store.ts'
import { eventsOf, openStore } from '../support/stores.ts'

const CREATE = '{"command":"create","run_id":"r1","policy_version_id":"p1","occurred_at":"2026-01-05T10:00:00Z"}'
const START = '{"command":"start","run_id":"r1","occurred_at":"2026-01-05T10:00:01Z","actor":"engine"}'
const COMPLETE =
  '{"command":"complete","run_id":"r1","status":"SUCCESS","result":"APPROVED","occurred_at":"2026-01-05T10:00:02Z"}'

/** A source of these chunks, each as it is. */
const sourceOf = (...chunks: readonly string[]): Source => {
  const stream = Readable.from(chunks.map((chunk) => Buffer.from(chunk)))
  return { chunks: stream, fault: () => null, size: null, read: () => 0, close: () => stream.destroy() }
}

const NEVER = new AbortController().signal

type Take = Readonly<{ source: Source; target: ImportTarget<RunCommand>; watch?: Partial<ImportWatch> }>

const take = async ({ source, target, watch }: Take): Promise<Imported & { rejected: readonly Rejected[] }> => {
  const rejected: Rejected[] = []
  const onRejected: ImportWatch['onRejected'] = (more) =>
    TE.fromIO(() => {
      rejected.push(...more)
    })
  const imported = await importLines(source, target, { onRejected, onProgress: () => {}, signal: NEVER, ...watch })
  return { ...imported, rejected }
}

const importText = (store: EventStore, ...chunks: readonly string[]) =>
  take({ source: sourceOf(...chunks), target: ledgerTarget(createLedger(store)) })

test('every line becomes an event, in the order of the lines', async () => {
  const store = await openStore()
  const { counts, end } = await importText(store, `${CREATE}\n${START}\n\n${COMPLETE}`)
  expect({ counts, end }).toEqual({
    counts: { lines: 3, accepted: 3, repeated: 0, rejected: 0 },
    end: { _tag: 'Complete' },
  })
  const events = await eventsOf(store, 'r1')
  expect(events.map(({ type }) => type)).toEqual(['RunCreated', 'RunStarted', 'RunCompleted'])
  expect(events.map(({ metadata }) => JSON.parse(metadata))).toMatchObject([
    { actor: 'anonymous', recorded_by: { principal: null, via: 'import' } },
    { actor: 'engine' },
    { actor: 'anonymous' },
  ])
})

test('the same lines again are all repeated, and the log does not grow', async () => {
  const store = await openStore()
  await importText(store, `${CREATE}\n${START}\n`)
  const head = await store.headPosition()()
  const { counts } = await importText(store, `${CREATE}\r\n${START}\r\n`)
  expect(counts).toEqual({ lines: 2, accepted: 0, repeated: 2, rejected: 0 })
  expect(await store.headPosition()()).toEqual(head)
})

test('lines that say the same are two facts where neither has a time, and one where both have it', async () => {
  const store = await openStore()
  const change = '{"command":"change_status","run_id":"r1","status":"LOOKED_AT"}'
  const timed = '{"command":"change_status","run_id":"r1","status":"TIMED","occurred_at":"2026-01-05T10:00:01Z"}'
  const text = [CREATE, START, timed, timed, change, change].join('\n')
  expect((await importText(store, text)).counts).toEqual({ lines: 6, accepted: 5, repeated: 1, rejected: 0 })
  expect((await importText(store, text)).counts).toEqual({ lines: 6, accepted: 0, repeated: 6, rejected: 0 })
})

test('a create without run_id finds its run again', async () => {
  const store = await openStore()
  const line = '{"command":"create","policy_version_id":"p1"}\n'
  expect((await importText(store, line)).counts).toMatchObject({ accepted: 1 })
  expect((await importText(store, line)).counts).toMatchObject({ repeated: 1 })
})

test('a line without occurred_at gets the time of its own arrival, also from a slow source', async () => {
  const store = await openStore()
  const slow = async function* () {
    yield Buffer.from('{"command":"create","run_id":"r1","policy_version_id":"p1"}\n')
    await sleep(60)
    yield Buffer.from('{"command":"start","run_id":"r1"}\n')
  }
  const source = { ...sourceOf(), chunks: slow() }
  await take({ source, target: ledgerTarget(createLedger(store)) })
  const [created, started] = (await eventsOf(store, 'r1')).map(({ data }) => Date.parse(JSON.parse(data).occurred_at))
  expect(Number(started) - Number(created)).toBeGreaterThanOrEqual(50)
})

test('a slow source is taken as it comes', async () => {
  const store = await openStore()
  const stored = Promise.withResolvers<void>()
  const slow = async function* () {
    yield Buffer.from(`${CREATE}\n`)
    await stored.promise
    yield Buffer.from(`${START}\n`)
  }
  const watch = { onProgress: () => stored.resolve() }
  const { counts } = await take({
    source: { ...sourceOf(), chunks: slow() },
    target: ledgerTarget(createLedger(store)),
    watch,
  })
  expect(counts).toMatchObject({ accepted: 2 })
})

test('a fast source is taken in large batches, however small its chunks are', async () => {
  const target = ledgerTarget(createLedger(await openStore()))
  const batches: number[] = []
  const counting: typeof target = {
    ...target,
    take: (items) => {
      batches.push(items.length)
      return target.take(items)
    },
  }
  await take({ source: sourceOf(...manyRuns(1500)), target: counting })
  expect(batches.length).toBeLessThan(20)
})

const long = `{"command":"create","policy_version_id":"${'x'.repeat(1024 * 1024)}"}`
const deep = `{"command":"create","policy_version_id":"p","input_data":${'[1,'.repeat(1)}${'['.repeat(64)}${']'.repeat(65)}}`

test.each([
  ['broken JSON', '{"command":', 'malformed-json'],
  ['a word', 'create', 'malformed-json'],
  ['an array', '[]', 'invalid'],
  ['null', 'null', 'invalid'],
  ['an unknown command', '{"command":"delete","run_id":"r1"}', 'invalid'],
  ['no command', '{"run_id":"r1"}', 'invalid'],
  ['an unknown field', '{"command":"start","run_id":"r1","colour":1}', 'invalid'],
  ['a wrong type', '{"command":"start","run_id":7}', 'invalid'],
  ['no run_id', '{"command":"start"}', 'invalid'],
  ['a bad time', '{"command":"start","run_id":"r1","occurred_at":"2026-02-30T00:00:00Z"}', 'invalid'],
  ['a reserved status', '{"command":"change_status","run_id":"r1","status":"SUCCESS"}', 'invalid'],
  ['an empty command_id', '{"command":"start","run_id":"r1","command_id":""}', 'invalid'],
  ['too many levels', deep, 'not-i-json'],
  [
    'an integer beyond 2^53',
    '{"command":"create","policy_version_id":"p","input_data":{"n":9007199254740993}}',
    'not-i-json',
  ],
  ['a lone surrogate', '{"command":"create","policy_version_id":"p","input_data":{"s":"\\ud800"}}', 'not-i-json'],
  ['__proto__', '{"command":"create","policy_version_id":"p","input_data":{"__proto__":1}}', 'not-i-json'],
  ['more than 1 MiB', long, 'body-too-large'],
  ['a run that is not there', '{"command":"start","run_id":"nowhere"}', 'run-not-found'],
  ['a run that is there', CREATE.replace('10:00:00', '10:00:09'), 'run-exists'],
  ['a status before the start', '{"command":"change_status","run_id":"r1","status":"SCORED"}', 'run-not-started'],
  ['a time that runs backwards', START.replace('2026', '2025'), 'time-runs-backwards'],
  ['a time far ahead', START.replace('2026', '2999'), 'occurred-at-in-future'],
  ['a key of another command', '{"command":"start","run_id":"r1","command_id":"key"}', 'idempotency-key-reused'],
])('%s is refused, harms no other line and stores nothing', async (_what, line, slug) => {
  const store = await openStore()
  const created = CREATE.replace('}', ',"command_id":"key"}')
  const { counts, rejected, end } = await importText(store, `${created}\n${line}\n`)
  expect(end).toEqual({ _tag: 'Complete' })
  expect(counts).toEqual({ lines: 2, accepted: 1, repeated: 0, rejected: 1 })
  expect(rejected).toMatchObject([{ line: 2, problem: { type: `/problems/${slug}` } }])
  expect(rejected[0]?.bytes?.toString() ?? null).toBe(line === long ? null : line)
  const backlog = await store.backlog('0'.repeat(20))()
  expect(backlog).toMatchObject({ right: { events: 1 } })
  expect((await importText(store, START)).counts).toMatchObject({ accepted: 1 })
})

test('refused lines are told in the order of the lines, whether or not they reached the ledger', async () => {
  const store = await openStore()
  const gone = '{"command":"start","run_id":"nowhere"}'
  const { rejected } = await importText(store, [gone, 'x', CREATE, 'y', gone, START].join('\n'))
  expect(rejected.map(({ line }) => line)).toEqual([1, 2, 4, 5])
})

const manyRuns = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${CREATE.replace('"r1"', `"r${n}"`)}\n${START.replace('"r1"', `"r${n}"`)}\n`)

test('many batches in chunks of any size keep their order', async () => {
  const store = await openStore()
  const text = manyRuns(3000).join('')
  const chunks = Array.from({ length: Math.ceil(text.length / 7001) }, (_, n) => text.slice(n * 7001, (n + 1) * 7001))
  expect((await importText(store, ...chunks)).counts).toEqual({
    lines: 6000,
    accepted: 6000,
    repeated: 0,
    rejected: 0,
  })
})

test('a signal ends the import after the batch under way, and a second import goes on from there', async () => {
  const store = await openStore()
  const stop = new AbortController()
  const watch = { signal: stop.signal, onProgress: () => stop.abort() }
  const first = await take({ source: sourceOf(...manyRuns(3000)), target: ledgerTarget(createLedger(store)), watch })
  expect(first.counts.lines).toBeLessThan(6000)
  expect(first.end).toEqual({ _tag: 'Interrupted', line: first.counts.lines })
  const second = await importText(store, ...manyRuns(3000))
  expect(second.counts).toEqual({
    lines: 6000,
    accepted: 6000 - first.counts.lines,
    repeated: first.counts.lines,
    rejected: 0,
  })
})

test('a signal ends the wait for a source that says nothing', async () => {
  const store = await openStore()
  const stop = new AbortController()
  const stream = new Readable({ read: () => undefined })
  stream.push(Buffer.from(`${CREATE}\n`))
  const chunks = async function* () {
    try {
      yield* stream
    } catch {
      // destroyed by the signal, which is what the source's own reader makes a fault of
    }
  }
  const source: Source = { ...sourceOf(), chunks: chunks(), close: () => stream.destroy() }
  const watch = { signal: stop.signal, onProgress: () => stop.abort() }
  const { counts, end } = await take({ source, target: ledgerTarget(createLedger(store)), watch })
  expect(counts).toMatchObject({ accepted: 1 })
  expect(end).toEqual({ _tag: 'Interrupted', line: 1 })
})

describe('a store that fails', () => {
  const policy = { giveUpAfter: 100, minDelay: 1, maxDelay: 5 }
  const patient = { ...policy, giveUpAfter: 60_000 }

  test('for good ends the import with what was answered before', async () => {
    const faults = Array.from({ length: 2_000 }, (_, n): Fault => (n === 0 ? 'none' : 'refused'))
    const store = breaking(await openStore(), { append: faults })
    const stored = Promise.withResolvers<void>()
    const slow = async function* () {
      yield Buffer.from(`${CREATE}\n`)
      await stored.promise
      yield Buffer.from(`${START}\n`)
    }
    const { counts, end } = await take({
      source: { ...sourceOf(), chunks: slow() },
      target: ledgerTarget(createLedger(store), { policy }),
      watch: { onProgress: () => stored.resolve() },
    })
    expect(counts.lines).toBe(1)
    expect(end).toMatchObject({ _tag: 'TargetLost', line: 1 })
  })

  test('and comes back gets every line once, in the order inside a run, and whoever waits is told', async () => {
    const inner = await openStore()
    const faults: Fault[] = ['none', 'lost-before', 'lost-after', 'refused']
    const store = breaking(inner, { append: [...faults, ...faults, ...faults], read: ['none', 'refused', 'refused'] })
    const told: (string | null)[] = []
    const ledger = createLedger(store, { answerWithin: 200 })
    const target = ledgerTarget(ledger, { policy: patient, onOutage: (detail) => told.push(detail) })
    const text = Array.from({ length: 9 }, (_, n) =>
      [CREATE, START, COMPLETE].map((line) => line.replace('"r1"', `"r${n}"`)).join('\n'),
    )
    const { counts, end } = await take({ source: sourceOf(text.join('\n')), target })
    expect({ counts, end }).toEqual({
      counts: { lines: 27, accepted: 27, repeated: 0, rejected: 0 },
      end: { _tag: 'Complete' },
    })
    expect(told.length).toBeGreaterThan(1)
    expect(told.at(-1)).toBe(null)
    for (let n = 0; n < 9; n += 1)
      expect((await eventsOf(inner, `r${n}`)).map(({ type }) => type)).toEqual([
        'RunCreated',
        'RunStarted',
        'RunCompleted',
      ])
  })

  test('does not make an accepted line of one that an earlier import has stored', async () => {
    const inner = await openStore()
    await importText(inner, `${CREATE}\n`)
    const head = await inner.headPosition()()
    const store = breaking(inner, { append: ['lost-after'], read: Array.from({ length: 20 }, (): Fault => 'refused') })
    const before = head._tag === 'Right' ? head.right : ''
    const target = ledgerTarget(createLedger(store, { answerWithin: 50 }), { policy: patient, before })
    const { counts } = await take({ source: sourceOf(`${CREATE}\n${START}`), target })
    expect(counts).toEqual({ lines: 2, accepted: 1, repeated: 1, rejected: 0 })
  })

  test('lets no line of a run overtake one that others were faster than', async () => {
    const store = await openStore()
    await importText(store, CREATE)
    const ledger = createLedger(store)
    let tries = 0
    // That others are faster ten times over cannot be had at will.
    const contended: typeof ledger.executeBatch = async (commands) => {
      tries += 1
      if (tries > 1) return ledger.executeBatch(commands)
      const ids = commands.map(({ run_id, command_id }) => ({ run_id, command_id }))
      const waiting = { _tag: 'CommandUnavailable', outcome: 'not_stored', detail: 'an earlier command waits' } as const
      return ids.map((each, n) =>
        left(
          n === 0 ? { _tag: 'RunContended' as const, outcome: 'unknown' as const, ...each } : { ...waiting, ...each },
        ),
      )
    }
    const target = ledgerTarget({ ...ledger, executeBatch: contended }, { policy: patient })
    const { counts } = await take({ source: sourceOf(`${START}\n${COMPLETE}`), target })
    expect(counts).toEqual({ lines: 2, accepted: 2, repeated: 0, rejected: 0 })
    expect((await eventsOf(store, 'r1')).map(({ type }) => type)).toEqual(['RunCreated', 'RunStarted', 'RunCompleted'])
  })

  test('counts a line that stands twice as repeated, in one batch and in the next', async () => {
    const gone: Fault[] = ['refused', 'refused']
    const store = breaking(await openStore(), { append: gone, read: [...gone] })
    const target = ledgerTarget(createLedger(store, { answerWithin: 50 }), { policy: patient })
    const first = await take({ source: sourceOf(`${CREATE}\n${CREATE}`), target })
    expect(first.counts).toEqual({ lines: 2, accepted: 1, repeated: 1, rejected: 0 })
    gone.push('lost-before', 'refused')
    const second = await take({ source: sourceOf(`${START}\n${CREATE}\n${START}`), target })
    expect(second.counts).toEqual({ lines: 3, accepted: 1, repeated: 2, rejected: 0 })
  })

  test('for long is waited for no more once the signal has come', async () => {
    const faults = Array.from({ length: 2_000 }, (): Fault => 'stuck')
    const store = breaking(await openStore(), { append: faults })
    const stop = new AbortController()
    const target = ledgerTarget(createLedger(store, { answerWithin: 60_000 }), { policy: patient, signal: stop.signal })
    setTimeout(() => stop.abort(), 20)
    const { end } = await take({ source: sourceOf(CREATE), target, watch: { signal: stop.signal } })
    expect(end).toEqual({ _tag: 'Interrupted', line: 0 })
  })
})

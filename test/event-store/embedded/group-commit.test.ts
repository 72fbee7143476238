/** Appends in groups: one commit for many, answered after it, bounded, and whole again after a failure. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startChild } from '../../support/processes/child.ts'
import { openStore, testDirectory } from '../../support/stores.ts'
import { eventsAfter, leftOf, newEvent, newEvents, rightOf, wholeStream } from '../place.ts'

test('appends that wait together are committed together', async () => {
  const walAfter = async (together: boolean) => {
    const directory = testDirectory()
    const store = await openStore(directory)
    const append = (n: number) => store.append(`s${n}`, 'no_stream', newEvents(1))()
    if (together) await Promise.all(Array.from({ length: 64 }, (_, n) => append(n)))
    else for (let n = 0; n < 64; n += 1) await append(n)
    return statSync(join(directory, 'events.db-wal')).size
  }
  // Each commit writes every page that it changed, so that one commit writes far less than 64 do.
  expect(await walAfter(true)).toBeLessThan((await walAfter(false)) / 10)
})

test('an append is answered after its COMMIT: whoever reads then finds it', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const witness = new DatabaseSync(join(directory, 'events.db'), { readOnly: true })
  const count = witness.prepare('SELECT count(*) AS found FROM events WHERE stream = ?')
  const found = await Promise.all(
    Array.from({ length: 50 }, async (_, n) => {
      await store.append(`s${n}`, 'no_stream', newEvents(2))()
      return count.get(`run-s${n}`)?.found
    }),
  )
  expect(found).toEqual(Array.from({ length: 50 }, () => 2))
  witness.close()
})

test('what was answered is there after SIGKILL, whole and once', async () => {
  const directory = testDirectory()
  for (const answers of [1, 40, 200]) {
    const owner = startChild('append-forever.ts', [join(directory, 'events.db')])
    await owner.line()
    const answered: string[] = []
    for (let n = 0; n < answers; n += 1) answered.push(await owner.line())
    await owner.kill()
    answered.push(...(await owner.lines()))
    const reader = await openStore(directory, 'read')
    for (const stream of answered) expect(await wholeStream(reader, stream)).toHaveLength(2)
    await reader.close()
    const store = await openStore(directory)
    const stored = await eventsAfter(store)
    expect(stored).toHaveLength(2 * new Set(stored.map(({ stream }) => stream)).size)
    await store.close()
  }
})

test('more than may wait is refused at once as not stored, the rest is stored', async () => {
  const store = await openStore()
  const answers = await Promise.all(
    Array.from({ length: 20_000 }, (_, n) => store.append(`s${n}`, 'no_stream', [newEvent()])()),
  )
  const refused = answers.filter(({ _tag }) => _tag === 'Left')
  expect(refused.length).toBeGreaterThan(0)
  for (const answer of refused)
    expect(leftOf(answer)).toMatchObject({ _tag: 'StoreUnavailable', outcome: 'not_stored' })
  const [first] = refused
  expect(answers.indexOf(first as (typeof answers)[0])).toBe(answers.length - refused.length)
  expect(await eventsAfter(store)).toHaveLength(answers.length - refused.length)
  rightOf(await store.append('later', 'no_stream', newEvents(1))())
})

test('what waits is bounded in bytes as well', async () => {
  const store = await openStore()
  const data = JSON.stringify('x'.repeat(990_000))
  const answers = await Promise.all(
    Array.from({ length: 80 }, (_, n) => store.append(`s${n}`, 'no_stream', [newEvent({ data })])()),
  )
  const stored = answers.filter(({ _tag }) => _tag === 'Right').length
  expect(stored).toBeGreaterThan(60)
  expect(stored).toBeLessThan(70)
  expect((await eventsAfter(store)).length).toBe(stored)
})

test('a full disk fails the group and nothing else', async () => {
  const directory = testDirectory()
  // No file may grow beyond 512 blocks of 512 or 1024 bytes, as the shell counts: too little for the big append.
  const child = startChild('fill-disk.ts', [join(directory, 'events.db')], 'ulimit -f 512')
  const said = (await child.lines()).map((line) => JSON.parse(line))
  const refused = { _tag: 'Left', left: { _tag: 'StoreUnavailable', outcome: 'not_stored' } }
  expect(said).toMatchObject([
    { stream: 'small', answer: { _tag: 'Right' } },
    { stream: 'big', answer: refused },
    { stream: 'beside the big one', answer: refused },
    { stream: 'small again', answer: { _tag: 'Right' } },
    ['small', 'small again'],
  ])
  expect((await eventsAfter(await openStore(directory))).map(({ stream }) => stream)).toEqual(['small', 'small again'])
})

test('a stranger that holds the file fails what waits as not stored; then all goes on', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  rightOf(await store.append('a', 'no_stream', newEvents(1))())
  const stranger = new DatabaseSync(join(directory, 'events.db'))
  stranger.exec('BEGIN IMMEDIATE')
  expect(leftOf(await store.append('a', 0, newEvents(1))())).toMatchObject({
    _tag: 'StoreUnavailable',
    outcome: 'not_stored',
  })
  stranger.exec(
    "INSERT INTO events SELECT position + 1, 'other', 0, 'id', type, recorded_at, data, metadata FROM events",
  )
  stranger.exec('COMMIT')
  stranger.close()
  // The stranger took the next position: the store finds out by failing once, and counts from there on.
  await store.append('a', 0, newEvents(1))()
  rightOf(await store.append('b', 'no_stream', newEvents(1))())
})

test('recorded times stand still while the clock is set back', async () => {
  const directory = testDirectory()
  const before = await openStore(directory)
  rightOf(await before.append('a', 'no_stream', newEvents(1))())
  await before.close()
  // The clock of this machine cannot be set for a test.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2020, 0, 1) })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const store = await openStore(directory)
  rightOf(await store.append('a', 0, newEvents(1))())
  const [first, second] = await eventsAfter(store)
  expect(second?.recorded_at).toBe(first?.recorded_at)
})

test('an append of nothing is a mistake of the caller', async () => {
  const store = await openStore()
  await expect(store.append('a', 'no_stream', [])()).rejects.toThrow(RangeError)
})

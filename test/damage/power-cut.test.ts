/**
 * Power cuts: of what was written after the last fsync, the disk has any of its sectors, and the file's old or new length. That
 * SQLite writes and syncs in the order that it documents is taken for granted.
 * `npm run test:damage` cuts the power a few hundred times, the test command a few. RUN_LEDGER_DAMAGE_SEED repeats a campaign.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/cli/demo/seeded-random.ts'
import { contentFault, openLogFile } from '../../src/event-store/embedded/log-file.ts'
import { openEventStore } from '../../src/event-store/open.ts'
import { eventsAfter, newEvents, rightOf } from '../event-store/place.ts'
import { openStore, testDirectory } from '../support/stores.ts'

const CUTS = Number(process.env['FLIPS'] ?? 20)
const SEED = Number(process.env['RUN_LEDGER_DAMAGE_SEED'] ?? Date.now() % 1_000_000)

const LOG = 'events.db'
const WAL = 'events.db-wal'

/** The bytes of the log's files at one moment. */
type Disk = Readonly<Record<typeof LOG | typeof WAL, Buffer>>

test(`${CUTS} power cuts lose no answered event and leave none in part (seed ${SEED})`, {
  timeout: 300_000 + CUTS * 10_000,
}, async () => {
  const random = seededRandom(SEED)
  const directory = testDirectory()
  const store = await openStore(directory)
  const checkpointer = new DatabaseSync(join(directory, LOG), { timeout: 5_000 })
  let answered = 0
  for (let cut = 0; cut < CUTS; cut += 1) {
    const before = diskAt(directory)
    // Committed in one transaction, whose frames are written and then made durable.
    const sizes = Array.from({ length: random.between(1, 20) }, () => random.between(1, 5))
    const data = () => JSON.stringify('x'.repeat(random.between(1, 4_000)))
    const appends = sizes.map((size, n) =>
      store.append(
        `s-${cut}-${n}`,
        'no_stream',
        newEvents(size).map((event) => ({ ...event, data: data() })),
      )(),
    )
    for (const answer of await Promise.all(appends)) rightOf(answer)
    const after = diskAt(directory)
    const all = (await eventsAfter(store)).length
    await restarts({ [LOG]: before[LOG], [WAL]: torn(random, before[WAL], after[WAL]) }, [answered, all])
    answered = all
    if (random.chance(0.3)) {
      // Pages are moved from the WAL, which is durable, into the log.
      checkpointer.exec('PRAGMA wal_checkpoint(PASSIVE)')
      const moved = diskAt(directory)
      await restarts({ [LOG]: torn(random, after[LOG], moved[LOG]), [WAL]: after[WAL] }, [answered])
    }
  }
  checkpointer.close()
})

const diskAt = (directory: string): Disk => ({
  [LOG]: readFileSync(join(directory, LOG)),
  [WAL]: existsSync(join(directory, WAL)) ? readFileSync(join(directory, WAL)) : Buffer.alloc(0),
})

const SECTOR = 512

/** `before` with any of the sectors that differ in `after`. */
const torn = (random: ReturnType<typeof seededRandom>, before: Buffer, after: Buffer): Buffer => {
  const written = random.pick([0.05, 0.5, 0.95])
  const disk = Buffer.alloc(random.chance(0.5) ? Math.max(before.length, after.length) : before.length)
  before.copy(disk)
  for (let at = 0; at < disk.length; at += SECTOR)
    if (random.chance(written)) after.copy(disk, at, at, Math.min(at + SECTOR, after.length))
  return disk
}

/** Opens the log of `disk` as its next owner: it has one of `counts` of events, streams are whole, and it goes on. */
const restarts = async (disk: Disk, counts: readonly number[]): Promise<void> => {
  const directory = join(testDirectory(), 'disk')
  mkdirSync(directory)
  for (const [name, bytes] of Object.entries(disk)) writeFileSync(join(directory, name), bytes)
  const path = join(directory, LOG)
  const store = rightOf(await openEventStore({ kind: 'embedded', path, prefix: 'run-' }, 'write')())
  const events = await eventsAfter(store)
  expect(counts).toContain(events.length)
  const last = new Map<string, number>()
  for (const { stream, revision } of events) {
    expect(revision).toBe((last.get(stream) ?? -1) + 1)
    last.set(stream, revision)
  }
  rightOf(await store.append('after the cut', 'no_stream', newEvents(1))())
  expect(await eventsAfter(store)).toHaveLength(events.length + 1)
  await store.close()
  const log = rightOf(openLogFile(path, 'read'))
  expect(contentFault(log, 'integrity_check')).toBeNull()
  log.close()
  rmSync(directory, { recursive: true })
}

/**
 * A damage campaign: random bits of each file are flipped, one at a time. `npm run test:damage` flips a few hundred of each,
 * the test command a few. RUN_LEDGER_DAMAGE_SEED repeats a campaign.
 */
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/cli/demo/seeded-random.ts'
import { openEventStore } from '../../src/event-store/open.ts'
import { storeFault } from '../../src/event-store/store-fault.ts'
import { openSnapshot } from '../../src/read-model/sqlite/snapshot.ts'
import { verify } from '../../src/verify/verify.ts'
import { logPath, readModelPath } from '../support/ledger-on-disk.ts'
import { testDirectory } from '../support/stores.ts'
import { type Answers, answersOf } from './answers.ts'
import { sampleLedger } from './sample.ts'

const FLIPS = Number(process.env['FLIPS'] ?? 10)
const SEED = Number(process.env['RUN_LEDGER_DAMAGE_SEED'] ?? Date.now() % 1_000_000)

const FILES = ['events.db', 'events.db-wal', 'read-model.db', 'read-model.db-wal'] as const

test.for(FILES)(
  `${FLIPS} flipped bits in %s are found, refused or harmless (seed ${SEED})`,
  {
    timeout: 300_000 + FLIPS * 10_000,
  },
  async (name) => {
    const sound = await sampleLedger()
    const expected = await answersOf(copyOf(sound))
    expect(await verdictOf(copyOf(sound))).toBe('clean')
    const { next: random } = seededRandom(SEED + FILES.indexOf(name))
    const size = statSync(join(sound, name)).size
    expect(size).toBeGreaterThan(20_000)
    const outcomes = { found: 0, refused: 0, harmless: 0 }
    for (let n = 0; n < FLIPS; n += 1) {
      const [offset, bit] = [Math.floor(random() * size), Math.floor(random() * 8)]
      const directory = copyOf(sound)
      flip(join(directory, name), offset, bit)
      const verdict = await verdictOf(directory)
      const answers = await answersOf(directory)
      const isBehind = positionOf(answers) !== '' && positionOf(answers) < positionOf(expected)
      const wrong = isBehind ? [] : wrongIn(answers, expected)
      if (verdict === 'clean' && wrong.length > 0)
        expect.fail(
          `bit ${bit} of byte ${offset} of ${name}: verify is clean, and served wrong are ${wrong.join(', ')}`,
        )
      outcomes[verdict === 'clean' ? 'harmless' : verdict] += 1
      await startsOrRefuses(directory)
      rmSync(directory, { recursive: true })
    }
    expect(outcomes.found + outcomes.refused + outcomes.harmless).toBe(FLIPS)
  },
)

const copyOf = (directory: string): string => {
  const copy = join(testDirectory(), 'copy')
  cpSync(directory, copy, { recursive: true })
  return copy
}

const flip = (path: string, offset: number, bit: number): void => {
  const bytes = readFileSync(path)
  bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit)
  writeFileSync(path, bytes)
}

type Verdict = 'clean' | 'found' | 'refused'

/** What `run-ledger verify` says. */
const verdictOf = async (damaged: string): Promise<Verdict> => {
  // It shall not recover the files before they are read.
  const directory = copyOf(damaged)
  const eventStore = { kind: 'embedded', path: logPath(directory), prefix: 'run-' } as const
  const logFault = await storeFault(eventStore)()
  const store = await openEventStore(eventStore, 'read')()
  if (logFault._tag === 'Left' || store._tag === 'Left') return 'refused'
  const verified = await verify({
    store: store.right,
    logFault: logFault.right,
    readModel: TE.fromEither(openSnapshot(readModelPath(directory), 'live')),
  })()
  await store.right.close()
  rmSync(directory, { recursive: true })
  if (verified._tag === 'Left') return 'refused'
  return Object.keys(verified.right.counts).length === 0 ? 'clean' : 'found'
}

/**
 * How far the read model is, '' where it is not read. Damage in its write-ahead log takes the last transactions away: it is
 * behind then, as before it had projected them, and `verify` compares it with the log up to there.
 */
const positionOf = (answers: Answers): string => JSON.parse(answers.get('projections') ?? '{"position":""}').position

/** The questions whose answers are others than they should be; those that are refused are not. */
const wrongIn = (answers: Answers, expected: Answers): readonly string[] =>
  [...answers]
    .filter(([question, answer]) => answer !== null && answer !== expected.get(question))
    .map(([question]) => question)

/** A server's start on the log: it must not throw. */
const startsOrRefuses = async (directory: string): Promise<void> => {
  const opened = await openEventStore({ kind: 'embedded', path: logPath(directory), prefix: 'run-' }, 'write')()
  if (opened._tag === 'Right') await opened.right.close()
}

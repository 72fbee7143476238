/** A log that is killed while it is signed goes on, never signs two trees, and its tree made anew has the same roots. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startBuilder } from '../../src/trust/builder/start-builder.ts'
import { toHex } from '../../src/trust/formats/bytes.ts'
import { openTreeFile } from '../../src/trust/sqlite/tree-file.ts'
import { rootAt } from '../../src/trust/tree/proofs.ts'
import { verifyCheckpoint } from '../../src/trust/verify/proof.ts'
import { rightOf } from '../event-store/place.ts'
import { logPath, treePath } from '../support/ledger-on-disk.ts'
import { startChild } from '../support/processes/child.ts'
import { openStore, testDirectory } from '../support/stores.ts'
import { signingIn } from '../support/trust/signing.ts'

const KILLS = Number(process.env['KILLS'] ?? 5)

test('whenever the process that signs is killed, every checkpoint that it published is of the one tree', {
  timeout: 120_000 + KILLS * 20_000,
}, async () => {
  const directory = testDirectory()
  const { policy } = await signingIn(directory)
  for (let kills = 0; kills < KILLS; kills += 1) {
    const child = startChild('sign-forever.ts', [directory, `kill-${kills}`])
    expect(await child.line()).toBe('started')
    await sleep(100 + Math.random() * 900)
    await child.kill()
    // Nothing was refused before.
    expect(await child.lines()).toEqual([])
  }
  const store = await openStore(directory)
  const head = rightOf(await store.headPosition()())
  await growTo(directory, head)
  const grown = rootsOf(directory)
  for (const suffix of ['', '-wal', '-shm']) rmSync(treePath(directory) + suffix, { force: true })
  await growTo(directory, head)
  expect(rootsOf(directory)).toEqual(grown)

  const published = readdirSync(join(directory, 'checkpoints'))
  expect(published.length).toBeGreaterThan(KILLS)
  for (const file of published) {
    const note = readFileSync(join(directory, 'checkpoints', file), 'utf8')
    // What was cut off while it was written is no checkpoint of anything.
    if (!note.endsWith('\n')) continue
    const { size, root } = rightOf(await verifyCheckpoint(note, policy))
    expect(grown.get(size), file).toBe(toHex(root))
  }
})

const growTo = async (directory: string, head: string): Promise<void> => {
  const eventStore = { kind: 'embedded', path: logPath(directory), prefix: 'run-' } as const
  const options = { eventStore, path: treePath(directory), signing: null }
  const builder = rightOf(await startBuilder(options, () => undefined)())
  expect(await builder.grownTo(head)).toBe(true)
  await builder.stop()
}

/** By size. */
const rootsOf = (directory: string): ReadonlyMap<number, string> => {
  const tree = rightOf(openTreeFile(treePath(directory), 'read'))
  const roots = new Map(Array.from({ length: tree.size() }, (_, i) => [i + 1, toHex(rootAt(tree, i + 1))] as const))
  tree.close()
  return roots
}

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { eventRows, type Rows, readModelRows } from '../../bench/floors/ledger-rows.ts'
import { madeUpLines } from '../../bench/support/made-up-runs.ts'
import { MAIN, runToEnd, serveArgs, withServer } from '../../bench/support/processes.ts'
import { CREATE } from '../../bench/support/requests.ts'
import { testDirectory } from '../support/stores.ts'

const POST_RUNS = new URL('../../bench/floors/post-runs-floor.ts', import.meta.url)
const IMPORT = new URL('../../bench/floors/import-floor.ts', import.meta.url)
const REBUILD = new URL('../../bench/floors/rebuild-floor.ts', import.meta.url)

test('the floor of POST /runs stores and answers what the ledger does, ids and times aside', async () => {
  const [ours, floor] = [testDirectory(), testDirectory()]
  const post = async ({ url }: { url: string }) => {
    const { method, path, body = '' } = CREATE
    const answer = await fetch(url + path, { method, body, headers: { 'content-type': 'application/json' } })
    return { status: answer.status, run: masked(await answer.text()) }
  }
  const answers = [await withServer(MAIN, serveArgs(ours), post), await withServer(POST_RUNS, [floor], post)]
  expect(answers[0]).toEqual(answers[1])
  expect(answers[0]?.status).toBe(201)
  const stored = [ours, floor].map((directory) => masked(JSON.stringify(eventRows(join(directory, 'events.db')))))
  expect(stored[0]).toBe(stored[1])
})

test('the floors of import and rebuild leave the rows that the ledger leaves', async () => {
  const [ours, floor] = [testDirectory(), testDirectory()]
  const file = join(testDirectory(), 'lines.ndjson.gz')
  const lines = madeUpLines(60)
  writeFileSync(file, gzipSync(lines.join('\n')))
  await runToEnd(MAIN, 'import', file, '--data', ours)
  await runToEnd(IMPORT, file, ours, floor)
  expect(eventRows(join(floor, 'events.db'))).toHaveLength(lines.length)
  expect(eventRows(join(floor, 'events.db'))).toEqual(eventRows(join(ours, 'events.db')))
  expect(inOrder(floor)).toEqual(inOrder(ours))

  const rebuilt = testDirectory()
  await runToEnd(REBUILD, ours, rebuilt)
  expect(inOrder(rebuilt)).toEqual(inOrder(ours))
})

/** Ids and times are each side's own, but of one length. */
const masked = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'an-id')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]{12}Z/g, 'a-time')
    .replace(/(?<=nonce\\?":\\?")[\w-]{22}/g, 'a-nonce')

const inOrder = (directory: string) => {
  const { tables, indexes } = readModelRows(join(directory, 'read-model.db'))
  const sorted = (rows: Rows) => rows.map((row) => JSON.stringify(row)).toSorted()
  return { tables: [...tables].map(([name, rows]) => [name, sorted(rows)]), indexes: indexes.toSorted() }
}

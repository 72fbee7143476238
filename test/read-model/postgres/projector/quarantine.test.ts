import { expect, test } from 'vitest'
import { DROP_GUARDS, logPath, tamper } from '../../../support/ledger-on-disk.ts'
import { testDatabase } from '../../../support/postgres/postgres.ts'
import { poolAt, startInto } from '../../../support/postgres/postgres-projectors.ts'
import { postgresContents, postgresTexts, rowTexts } from '../../../support/postgres/postgres-stores.ts'
import { append, expectedOf, fill, LIFE } from '../../../support/read-model/projectors.ts'
import type { Contents } from '../../../support/read-model/read-models.ts'
import { rightOf } from '../../../support/scenario.ts'
import { openStore, testDirectory } from '../../../support/stores.ts'

test('the owner of its part tries a quarantined run again, whoever asks; no other run waits for it', async () => {
  const [directory, url] = [testDirectory(), await testDatabase()]
  const store = await openStore(directory)
  await fill(store, 20)
  const retype = (type: string, before = '') =>
    tamper(
      logPath(directory),
      `${before} UPDATE events SET type = '${type}' WHERE stream = 'run-run-7' AND revision = 1`,
    )
  retype('RunInvented', DROP_GUARDS)
  const [one, other] = [await startInto(directory, url), await startInto(directory, url)]
  expect(await one.caughtUpTo(await append(store, 'run-20', LIFE))).toBe(true)
  const quarantined = [{ run_id: 'run-7', revision: 1, type: 'RunInvented' }]
  expect(rightOf(await one.retry('all')())).toMatchObject({ recovered: [], quarantined })
  retype('RunStarted')
  expect(rightOf(await other.retry({ run_id: 'run-3' })())).toMatchObject({ recovered: [], quarantined })
  expect(rightOf(await other.retry({ run_id: 'run-7' })())).toEqual({ recovered: ['run-7'], quarantined: [] })
  const expected = rowTexts((await expectedOf(store, 21)) as Contents)
  expect(postgresTexts(await postgresContents(poolAt(url)))).toEqual(expected)
})

test('a part that is taken counts as a start: its quarantined runs are tried again', async () => {
  const [directory, url] = [testDirectory(), await testDatabase()]
  const store = await openStore(directory)
  const last = await fill(store, 5)
  const where = `WHERE stream = 'run-run-2' AND revision = 3`
  tamper(logPath(directory), `${DROP_GUARDS} UPDATE events SET type = 'RunInvented' ${where}`)
  const one = await startInto(directory, url)
  expect(await one.caughtUpTo(last)).toBe(true)
  await one.stop()
  tamper(logPath(directory), `UPDATE events SET type = 'RunCompleted' ${where}`)
  await startInto(directory, url)
  const expected = rowTexts((await expectedOf(store, 5)) as Contents)
  await expect
    .poll(async () => postgresTexts(await postgresContents(poolAt(url))), { timeout: 120_000 })
    .toEqual(expected)
})

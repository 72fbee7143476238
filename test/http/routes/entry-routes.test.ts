import { expect, test } from 'vitest'
import { EntryPageAnswer } from '../../../src/api/entries.ts'
import { ReplayAnswer } from '../../../src/api/run-views.ts'
import { DROP_GUARDS, logPath, tamper } from '../../support/ledger-on-disk.ts'
import { serverForAll, serverForTest } from '../../support/network/http-server.ts'
import { testDirectory } from '../../support/stores.ts'

const server = serverForAll()

/** A run of four events; the read model has them. */
const lived = async (run_id: string): Promise<void> => {
  const { post, readModel } = server.current()
  const run_metadata = { desk: 'front', 'a/b': 1 }
  await post('/runs', { run_id, policy_version_id: 'p', run_metadata, occurred_at: '2026-01-01T00:00:00Z' })
  await post(`/runs/${run_id}/start`, { occurred_at: '2026-01-02T00:00:00Z' })
  await post(`/runs/${run_id}/status`, { status: 'IN_REVIEW', run_metadata: { desk: null, 'a/b': 2 }, reason: 'limit' })
  const last = await post(`/runs/${run_id}/complete`, { status: 'SUCCESS', result: 'APPROVED' })
  await readModel.waitFor(String(last.headers['run-ledger-position']), 5_000)
}

const get = (url: string) => server.current().get(url)

test('the audit trail of a run tells its events, oldest first, and what each changed', async () => {
  await lived('trail')
  const answer = await get('/runs/trail/events')
  expect(answer.statusCode, answer.body).toBe(200)
  const { data, next_cursor } = EntryPageAnswer.parse(answer.json())
  expect(next_cursor).toBe(null)
  expect(data.map(({ revision, type }) => `${revision} ${type}`)).toEqual([
    '0 RunCreated',
    '1 RunStarted',
    '2 RunStatusChanged',
    '3 RunCompleted',
  ])
  expect(data[2]).toMatchObject({ reason: 'limit', actor: 'anonymous', recorded_by: { principal: null, via: 'http' } })
  expect(data[2]?.changes).toEqual([
    { path: '/status', from: 'STARTED', to: 'IN_REVIEW' },
    { path: '/run_metadata/desk', from: 'front' },
    { path: '/run_metadata/a~1b', from: 1, to: 2 },
  ])
  expect(answer.headers).toMatchObject({ 'cache-control': 'private, no-cache' })
  expect(String(answer.headers['run-ledger-position']) >= String(data[3]?.position)).toBe(true)
})

test('a replay shows the Run after each event, as a read of that revision does', async () => {
  await lived('replayed')
  const answer = await get('/runs/replayed/replay')
  expect(answer.statusCode, answer.body).toBe(200)
  const { data } = ReplayAnswer.parse(answer.json())
  expect(data.map(({ revision, run }) => `${revision} ${run.status}`)).toEqual([
    '0 PENDING',
    '1 STARTED',
    '2 IN_REVIEW',
    '3 SUCCESS',
  ])
  const { data: entries } = (await get('/runs/replayed/events')).json()
  for (const step of data) {
    expect(step.run).toEqual((await get(`/runs/replayed?revision=${step.revision}`)).json())
    expect(step.entry).toEqual(entries[step.revision])
  }
  expect(data.at(-1)?.run).toEqual((await get('/runs/replayed')).json())
})

test.each(['events', 'replay'])('pages of %s follow each other to the end', async (part) => {
  await lived(`paged-${part}`)
  const whole = (await get(`/runs/paged-${part}/${part}`)).json().data
  const walked: unknown[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const answer = await get(`/runs/paged-${part}/${part}?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
    expect(answer.json().data.length).toBeLessThanOrEqual(3)
    walked.push(...answer.json().data)
    cursor = answer.json().next_cursor
  }
  expect(walked).toEqual(whole)
  expect(whole).toHaveLength(4)
})

test.each(['events', 'replay'])('a cursor of %s belongs to its run', async (part) => {
  await lived(`own-${part}`)
  await lived(`other-${part}`)
  const { next_cursor } = (await get(`/runs/own-${part}/${part}?limit=1`)).json()
  for (const url of [`/runs/other-${part}/${part}`, `/runs/own-${part}/${part === 'events' ? 'replay' : 'events'}`]) {
    const answer = await get(`${url}?cursor=${next_cursor}`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ errors: [{ parameter: 'cursor' }] })
  }
})

test.each(['events', 'replay', 'provenance'])('a run that does not exist has no %s', async (part) => {
  for (const run_id of ['nobody', '%24all', '-x'])
    expect((await get(`/runs/${run_id}/${part}`)).json()).toMatchObject({
      type: '/problems/run-not-found',
      status: 404,
    })
})

test.each(['events', 'replay', 'provenance'])('a parameter that %s does not know is refused', async (part) => {
  const answer = await get(`/runs/nobody/${part}?as_of=2026-01-01T00:00:00Z`)
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toMatchObject({ errors: [{ parameter: 'as_of' }] })
})

test.each(['events', 'replay', 'provenance'])('%s that asks for a later position waits for it', async (part) => {
  const created = await server.current().post('/runs', { run_id: `own-write-${part}`, policy_version_id: 'p' })
  const position = String(created.headers['run-ledger-position'])
  const answer = await server.current().get(`/runs/own-write-${part}/${part}`, { 'run-ledger-position': position })
  expect(answer.statusCode).toBe(200)
  expect(String(answer.headers['run-ledger-position']) >= position).toBe(true)
  const hasty = await serverForTest({ limits: { waitForPosition: 30 } })
  await hasty.projector.stop()
  const { headers } = await hasty.post('/runs', { policy_version_id: 'p' })
  const late = await hasty.get(`/runs/r/${part}`, { 'run-ledger-position': String(headers['run-ledger-position']) })
  expect(late.json()).toMatchObject({ type: '/problems/position-not-reached', status: 503 })
})

test('an event that cannot be read stands in the audit trail; what needs the fold names it', async () => {
  const directory = testDirectory()
  const before = await serverForTest({ directory })
  await before.create({ run_id: 'broken' })
  await before.close()
  tamper(
    logPath(directory),
    `${DROP_GUARDS} INSERT INTO events (stream, revision, event_id, type, recorded_at, data, metadata)
       SELECT stream, 1, 'tampered', 'RunVanished', recorded_at, '{}', metadata FROM events WHERE stream = 'run-broken';
     INSERT INTO events (stream, revision, event_id, type, recorded_at, data, metadata)
       SELECT 'run-headless', 0, 'tampered-too', 'RunVanished', recorded_at, data, metadata FROM events WHERE stream = 'run-broken' AND revision = 0;`,
  )
  const after = await serverForTest({ directory })
  const head = await after.store.headPosition()()
  await after.projector.caughtUpTo(head._tag === 'Right' ? head.right : '')

  const { data } = (await after.get('/runs/broken/events')).json()
  expect(data).toMatchObject([
    { revision: 0, type: 'RunCreated', changes: expect.any(Array) },
    { revision: 1, type: 'RunVanished', changes: null, actor: 'anonymous', data: {} },
  ])
  expect((await after.get('/runs/headless/events')).json().data).toMatchObject([{ type: 'RunVanished', changes: null }])
  for (const [run_id, revision] of [
    ['broken', 1],
    ['headless', 0],
  ] as const)
    for (const part of ['replay', 'provenance']) {
      const answer = await after.get(`/runs/${run_id}/${part}`)
      expect(answer.statusCode).toBe(500)
      expect(answer.json()).toMatchObject({ type: '/problems/run-unreadable', run_id, revision })
      expect(answer.json().detail).toContain('RunVanished')
    }
})

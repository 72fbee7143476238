import { describe, expect, test } from 'vitest'
import { rowCommands } from '../../../src/transfer/lineart/row-commands.ts'

const NOW = '2026-06-01T00:00:00.000Z'
const ROW = {
  run_id: '8c0e0b71-d393-42a9-bf86-3f9f801362b3',
  run_group_id: null,
  policy_version_id: 'b1a4e6d8-1c3f-4e7a-a2c9-6d8f0e5b7c33',
  status: 'SUCCESS',
  result: 'APPROVED',
  input_data: { income: 100 },
  run_metadata: { score: 7 },
  created_at: '2026-05-04T10:00:00.123456',
  started_at: '2026-05-04 10:00:01+00',
  last_updated_at: '2026-05-04T12:00:02+02:00',
  project_id: 'ignored',
}

const read = (row: object) => rowCommands(Buffer.from(JSON.stringify(row)), NOW)
const commandsOf = (row: object) => {
  const answer = read(row)
  if (answer._tag === 'Left') throw new Error(JSON.stringify(answer.left))
  return answer.right
}

describe('a row', () => {
  test('becomes a creation, a start and a completion, each at its time, in UTC where it has no zone', () => {
    const { create, start, complete } = commandsOf(ROW)
    expect(create).toMatchObject({
      occurred_at: '2026-05-04T10:00:00.123Z',
      input_data: { income: 100 },
      reason: 'reconstructed from a row',
      recorded_by: { principal: null, via: 'import' },
    })
    expect(create).not.toHaveProperty('run_metadata')
    expect(start).toMatchObject({ occurred_at: '2026-05-04T10:00:01.000Z', reason: 'reconstructed from a row' })
    expect(complete).toMatchObject({
      status: 'SUCCESS',
      result: 'APPROVED',
      run_metadata: { score: 7 },
      occurred_at: '2026-05-04T10:00:02.000Z',
    })
  })

  test('that did not get so far becomes fewer', () => {
    const pending = commandsOf({ ...ROW, status: 'PENDING', result: null, started_at: null })
    expect(pending).toMatchObject({ create: { run_metadata: { score: 7 } }, start: null, complete: null })
    expect(commandsOf({ ...ROW, status: 'STARTED', result: null })).toMatchObject({ start: {}, complete: null })
    expect(commandsOf({ ...ROW, status: 'FAILURE', started_at: null })).toMatchObject({
      start: null,
      complete: { status: 'FAILURE' },
    })
  })

  test('of a success without a start is started without a time of its own', () =>
    expect(commandsOf({ ...ROW, started_at: null }).start).not.toHaveProperty('occurred_at'))

  test('keeps nulls of its metadata, which a merge patch could not say', () => {
    const run_metadata = { score: null, list: [null] }
    expect(commandsOf({ ...ROW, run_metadata }).create.run_metadata).toEqual(run_metadata)
    expect(commandsOf({ ...ROW, run_metadata: { list: [null] } }).complete?.run_metadata).toEqual({ list: [null] })
  })

  test('has the same ids each time, and others once it says something else', () => {
    const ids = (row: object) => Object.values(commandsOf(row)).map((command) => command?.command_id)
    expect(ids({ ...ROW })).toEqual(ids(ROW))
    const [create, start, complete] = ids(ROW)
    const other = ids({ ...ROW, result: 'DECLINED' })
    expect(other.slice(0, 2)).toEqual([create, start])
    expect(other[2]).not.toBe(complete)
  })
})

test.each([
  [{ started_at: '2026-05-04T09:00:00' }, '/started_at: must not be before created_at'],
  [{ last_updated_at: '2026-05-04T10:00:00' }, '/last_updated_at: must not be before started_at'],
  [{ created_at: 'yesterday' }, '/created_at: must be an RFC 3339 time'],
  [{ status: 'CANCELLED' }, '/status: must be one of'],
  [{ last_updated_at: '2026-07-01T00:00:00Z' }, "ahead of the ledger's clock"],
  [{ run_metadata: { text: 'x'.repeat(300_000) } }, 'run_metadata would take'],
])('a row with %j is refused', (part, said) => {
  const answer = read({ ...ROW, ...part })
  expect(answer._tag === 'Left' && answer.left.detail).toContain(said)
})

import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CsvCells } from '../../src/api/entry-formats/csv-cells.ts'
import { CSV_HEADER, csvRowOf } from '../../src/api/entry-formats/entry-csv.ts'
import { entry, unreadableEntry } from '../support/entries.ts'

const parsed = (text: string): Record<string, string>[] => parse(text, { columns: true, record_delimiter: '\r\n' })
const cellsOf = (given: ReturnType<typeof entry>, cells: CsvCells = 'escaped') =>
  parsed(CSV_HEADER + csvRowOf(given, cells))[0]

test('the header never changes: new columns come at its end', () => {
  expect(CSV_HEADER).toBe(
    'position,event_id,run_id,revision,type,schema_version,occurred_at,occurred_at_from,recorded_at,actor,recorded_by_principal,recorded_by_via,reason,command_id,correlation_id,causation_id,changes,data\r\n',
  )
})

test('a line holds every part of an Entry, lists and objects as JSON', () => {
  const given = entry()
  expect(cellsOf(given)).toEqual({
    position: '00000000000000000007',
    event_id: given.event_id,
    run_id: 'run-1',
    revision: '2',
    type: 'RunStatusChanged',
    schema_version: '1',
    occurred_at: '2026-05-04T12:00:00.000Z',
    occurred_at_from: 'caller',
    recorded_at: '2026-05-04T12:00:01.000Z',
    actor: 'alice',
    recorded_by_principal: '',
    recorded_by_via: 'http',
    reason: '',
    command_id: 'command-1',
    correlation_id: 'correlation-1',
    causation_id: 'command-1',
    changes: JSON.stringify(given.changes),
    data: JSON.stringify(given.data),
  })
})

test('what cannot be read of an event is empty', () => {
  const cells = cellsOf(unreadableEntry())
  expect(cells).toMatchObject({ schema_version: '', actor: '', recorded_by_via: '', changes: '', data: '' })
  expect(cells).toMatchObject({ position: '00000000000000000007', type: 'RunStatusChanged' })
})

test('any text comes back from a CSV parser as it was', () => {
  const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[",\r\n\t' ]{0,5}$/))
  fc.assert(
    fc.property(text, text, (actor, reason) => {
      expect(cellsOf(entry({ actor, reason }), 'raw')).toMatchObject({ actor, reason })
    }),
  )
})

test.each([
  ['=1+1', "'=1+1"],
  ['\n=1+1', "'\n=1+1"],
  ['＝1+1', "'＝1+1"],
  ['＋1', "'＋1"],
  ['－1', "'－1"],
  ['＠x', "'＠x"],
  ['+1', "'+1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['\r=1', "'\r=1"],
  ['-1+cmd', "'-1+cmd"],
  ['-', "'-"],
  ['--1', "'--1"],
  ['-1\n=1', "'-1\n=1"],
  ['-1', '-1'],
  ['-0.25', '-0.25'],
  ['-1e-7', '-1e-7'],
  ['1=1', '1=1'],
  ["'=1", "'=1"],
  ['', ''],
])('a cell of %j is written as %j, and as it is where raw is asked for', (reason, escaped) => {
  expect(cellsOf(entry({ reason }))).toMatchObject({ reason: escaped })
  expect(cellsOf(entry({ reason }), 'raw')).toMatchObject({ reason })
})

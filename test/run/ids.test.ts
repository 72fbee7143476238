import fc from 'fast-check'
import { v5 } from 'uuid'
import { describe, expect, test } from 'vitest'
import {
  commandIdOfFileLine,
  commandIdOfRequestLine,
  lineartCommandId,
  lineartGroupId,
  runIdOf,
} from '../../src/run/ids.ts'

const RUN = '2d6c5a0f-93b4-5f0b-8a5e-4e2f1f7d9b22'
const LINE = 'b1a4e6d8-1c3f-5e7a-a2c9-6d8f0e5b7c33'

// These stand in logs: if one changes, a command that is sent again after an upgrade would be stored twice.
describe('ids that may never change', () => {
  const line = Buffer.from('{"command":"start","run_id":"run-1"}')
  test.each([
    ['of a run made under a key', runIdOf(null, 'key-1'), 'c4f86ce4-91c9-5f43-8f78-ef8146cca91a'],
    ['of a run made under a key of a principal', runIdOf('alice', 'key-1'), '5ed05c1b-acd3-51eb-bc4f-bca62fd89c70'],
    ['of a line of a request', commandIdOfRequestLine('key-1', 7), '0a17dee5-80c0-54a1-a3a2-59abc6b1d581'],
    ['of a line of a file', commandIdOfFileLine(line), 'd5bb3e95-e5a7-5d25-bd84-5baf5e52e0ec'],
    [
      'of a command in the shape of Lineart',
      lineartCommandId('run-1', 'start', '{}'),
      '4e7fb746-df4b-5092-8e3c-0573e4b1155e',
    ],
    ['of a run of a group', lineartGroupId('alice', 'key-1', 'main'), '9fca8bfc-109d-57cc-a6ff-ca64257f1793'],
    ['of a line of a file and its number', commandIdOfFileLine(line, 7), '91903366-32bc-5b17-99b4-9ea24003515c'],
  ])('%s', (_name, id, expected) => expect(id).toBe(expected))
})

test('they are UUIDv5 as the uuid package makes them, of text and bytes of any length', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('x'.repeat(1355), 'é'.repeat(1400), '😀'.repeat(3000), 'y'.repeat(4080), 'z'.repeat(9000)),
  )
  fc.assert(
    fc.property(text, text, fc.integer({ min: 1, max: 1e9 }), (a, b, line) => {
      expect(runIdOf(a, b)).toBe(v5(`${a}\n${b}`, RUN))
      expect(commandIdOfRequestLine(a, line)).toBe(v5(`${a}\n${line}`, LINE))
      expect(commandIdOfFileLine(Buffer.from(a))).toBe(v5(a, LINE))
      expect(commandIdOfFileLine(new TextEncoder().encode(b), line)).toBe(v5(`${b}\n${line}`, LINE))
    }),
  )
})

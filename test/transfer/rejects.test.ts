import { expect, test } from 'vitest'
import { problem } from '../../src/api/problems.ts'
import { rejectLine } from '../../src/transfer/rejects.ts'

const rejected = (bytes: Buffer | null) => rejectLine({ line: 7, problem: problem('invalid', 'wrong'), bytes })

test('a refused line of JSON stands as it was sent, to the last space and digit', () => {
  const sent = '{"command" : "start", "n": 1.0e400, "s":"\\ud800"}'
  expect(rejected(Buffer.from(sent))).toBe(
    `{"line":7,"problem":{"type":"/problems/invalid","title":"The body is JSON, but not what is expected","status":422,"detail":"wrong"},"command":${sent}}\n`,
  )
})

test.each([
  ['no JSON', Buffer.from('{"command":'), '{"command":'],
  ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), '"\ufffd"'],
  ['too long to keep', null, null],
])('a refused line that is %s makes one line of JSON all the same', (_why, bytes, command) => {
  const text = rejected(bytes)
  expect(text.indexOf('\n')).toBe(text.length - 1)
  expect(JSON.parse(text)).toMatchObject({ line: 7, command })
})

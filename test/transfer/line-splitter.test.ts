import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineSplitter } from '../../src/transfer/line-splitter.ts'

const MAX = 8

/** The lines of `chunks` as `[number, text]`, text null where the line was too long. */
const linesOf = (...chunks: readonly (string | Buffer)[]) => {
  const splitter = lineSplitter(MAX)
  const lines = [...chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk))), ...splitter.end()]
  return lines.map(({ number, bytes }) => [number, bytes?.toString() ?? null])
}

describe('the line splitter', () => {
  test('numbers lines from 1 and gives a last one without its end', () =>
    expect(linesOf('a\nb\nc')).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]))

  test('takes CRLF and LF alike, and keeps a CR that ends nothing', () =>
    expect(linesOf('a\r\nb\rc\nd\r')).toEqual([
      [1, 'a'],
      [2, 'b\rc'],
      [3, 'd'],
    ]))

  test('counts blank lines but leaves them out', () => expect(linesOf('\n \t \n\r\na\n\n')).toEqual([[4, 'a']]))

  test('skips a byte order mark before the first line only', () =>
    expect(linesOf('\ufeffa\n\ufeffb\n')).toEqual([
      [1, 'a'],
      [2, '\ufeffb'],
    ]))

  test('joins a line that comes in many chunks, cut inside a character too', () =>
    expect(linesOf('a', Buffer.from([0xc3]), Buffer.from([0xa9, 0x0a]), 'b')).toEqual([
      [1, 'aé'],
      [2, 'b'],
    ]))

  test('gives a line of the most bytes that are taken, with LF and with CRLF', () =>
    expect(linesOf('12345678\n12345678\r\n12345678')).toEqual([
      [1, '12345678'],
      [2, '12345678'],
      [3, '12345678'],
    ]))

  test('tells a longer line without its bytes, and goes on with the next', () =>
    expect(linesOf('123456789\nok\n', '1234', '5678', '9', '0'.repeat(1000), '\nok')).toEqual([
      [1, null],
      [2, 'ok'],
      [3, null],
      [4, 'ok'],
    ]))

  test('does not depend on where the chunks are cut', () => {
    const piece = fc.constantFrom('', 'a', '{"b":1}', '\r', '\n', '\r\n', ' ', 'é', '0123456789')
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat(5)), (pieces, cuts) => {
        const bytes = Buffer.from(pieces.join(''))
        const chunks: Buffer[] = []
        let at = 0
        for (const cut of cuts) {
          chunks.push(bytes.subarray(at, at + cut))
          at += cut
        }
        expect(linesOf(...chunks, bytes.subarray(at))).toEqual(linesOf(bytes))
      }),
    )
  })

  test('agrees with splitting the whole text', () => {
    const piece = fc.constantFrom('a', 'bc', ' ', '\r\n', '\n', '0123456789')
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const expected = pieces
          .join('')
          .split('\n')
          .map((line, index) => [index + 1, line.replace(/\r$/, '')] as const)
          .filter(([, line]) => line.trim() !== '' || line.length > MAX)
          .map(([number, line]) => [number, line.length > MAX ? null : line])
        expect(linesOf(pieces.join(''))).toEqual(expected)
      }),
    )
  })
})

import { expect, test } from 'vitest'
import { escapeToken } from '../../src/lib/json-pointer.ts'

test.each([
  ['', ''],
  ['plain', 'plain'],
  ['a/b', 'a~1b'],
  ['m~n', 'm~0n'],
  ['~1', '~01'],
  ['/~/', '~1~0~1'],
])('the key %j is the reference token %j (RFC 6901, section 3)', (key, token) => expect(escapeToken(key)).toBe(token))

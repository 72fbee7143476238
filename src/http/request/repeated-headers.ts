/** Headers of ours that have one value. Node joins those that are sent twice with a comma, which they may have in them. */
import type { IncomingMessage } from 'node:http'
import { type Problem, problemOf } from '../../api/problems.ts'

const SINGLE = ['Idempotency-Key', 'Run-Ledger-Actor', 'X-Correlation-Id'].map((header) => ({
  header,
  name: header.toLowerCase(),
}))

/** The problem of a request that has one of them more than once, null for all others. */
export const repeatedHeader = ({ headers, rawHeaders }: IncomingMessage): Problem | null => {
  for (const { header, name } of SINGLE) {
    if (headers[name]?.includes(', ') !== true) continue
    const times = rawHeaders.filter((raw, at) => at % 2 === 0 && raw.toLowerCase() === name).length
    if (times > 1)
      return problemOf({ _tag: 'MalformedRequest', errors: [{ header, detail: 'can be given only once' }] })
  }
  return null
}

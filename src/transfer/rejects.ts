/** Refused lines as NDJSON, to be mended and imported again. */
import { isUtf8 } from 'node:buffer'
import type { Rejected } from './import.ts'

/**
 * `{"line":n,"problem":{…},"command":…}` and a line's end. `command` is the line as it was sent; a JSON string of it
 * where it is no JSON, and null where it was too long to keep.
 */
export const rejectLine = ({ line, problem, bytes }: Rejected): string =>
  `{"line":${line},"problem":${JSON.stringify(problem)},"command":${commandText(bytes)}}\n`

const commandText = (bytes: Buffer | null): string => {
  if (bytes === null) return 'null'
  const text = bytes.toString('utf8')
  return isUtf8(bytes) && isJson(text) ? text : JSON.stringify(text)
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/**
 * Decodes the canonical texts of the most frequent events by regular expressions, in a quarter of the time that the JSON
 * parser and the schema take. They decode everything else; tests show that both give the same.
 */
import { type EventMetadata, OCCURRED_AT_FROM, type RunStarted, type RunStatusChanged, VIA } from './events.ts'
import { ID, isReserved, STATUS } from './run.ts'
import { hasDay, TIME } from './time.ts'
import type { EventType } from './upcasters.ts'

/** The metadata in `text`; null where it has `traceparent` or `imported`, an escape, or any other form than `encode` writes. */
export const canonicalMetadata = (text: string): EventMetadata | null => {
  const found = text.length <= LONGEST_METADATA + NONCE_LENGTH ? METADATA.exec(text) : null
  if (found === null) return null
  const nonce = found[9]
  if (nonce === undefined && text.length > LONGEST_METADATA) return null
  const principal = found[4] as string
  const metadata: EventMetadata = {
    schema_version: Number(found[1]),
    command_id: found[2] as string,
    actor: found[3] as string,
    recorded_by: {
      principal: principal === 'null' ? null : principal.slice(1, -1),
      via: found[5] as EventMetadata['recorded_by']['via'],
    },
    occurred_at_from: found[6] as EventMetadata['occurred_at_from'],
    $correlationId: found[7] as string,
    $causationId: found[8] as string,
  }
  return nonce === undefined ? metadata : { ...metadata, nonce }
}

/** The data in `text` of a start, or of a change of the status alone; null for everything else. */
export const canonicalData = (type: EventType, text: string): RunStarted['data'] | RunStatusChanged['data'] | null => {
  if (type !== 'RunStarted' && type !== 'RunStatusChanged') return null
  const found = DATA.exec(text)
  if (found === null) return null
  const run_id = found[1] as string
  const status = found[2]
  const occurred_at = found[3] as string
  if (!hasDay(occurred_at) || (status === undefined) !== (type === 'RunStarted')) return null
  if (status === undefined) return { run_id, occurred_at }
  return isReserved(status) ? null : { run_id, status, occurred_at }
}

// Everything but the fields takes at least 155 characters, and none of the fields may have more than 255.
const LONGEST_METADATA = 155 + 255
const NONCE_LENGTH = ',"nonce":""'.length + 22

// ASCII that JSON writes as it is.
const PLAIN = String.raw`[\x20\x21\x23-\x5b\x5d-\x7e]`

const METADATA = new RegExp(
  String.raw`^\{"schema_version":([1-9]),"command_id":"(${PLAIN}+)","actor":"(${PLAIN}+)"` +
    String.raw`,"recorded_by":\{"principal":(null|"${PLAIN}*"),"via":"(${VIA.join('|')})"\}` +
    String.raw`,"occurred_at_from":"(${OCCURRED_AT_FROM.join('|')})","\$correlationId":"(${PLAIN}+)","\$causationId":"(${PLAIN}+)"` +
    String.raw`(?:,"nonce":"([A-Za-z0-9_-]{22})")?\}$`,
)

const unanchored = ({ source }: RegExp): string => source.slice(1, -1)

const DATA = new RegExp(
  `^\\{"run_id":"(${unanchored(ID)})"(?:,"status":"(${unanchored(STATUS)})")?,"occurred_at":"(${unanchored(TIME)})"\\}$`,
)

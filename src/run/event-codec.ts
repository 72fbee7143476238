/** Between run events and what a store keeps: the type's name and two JSON texts. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { z } from 'zod'
import { CURRENT_VERSIONS, DATA_SCHEMAS, EventMetadata, type EventType, type RunEvent } from './events.ts'
import { isJsonObject, type JsonObject } from './json.ts'
import { UPCASTERS, type Upcasters, upcast, upcastersOf } from './upcasters.ts'

/** An event as a store keeps it. */
export type EncodedEvent = Readonly<{ type: string; data: string; metadata: string }>

/** The event is of an unknown type or version, or its data or metadata are broken. `detail` says which. */
export type UndecodableEvent = Readonly<{ _tag: 'UndecodableEvent'; type: string; detail: string }>

export const encode = ({ type, data, metadata }: RunEvent): EncodedEvent => ({
  type,
  data: JSON.stringify(data),
  metadata: JSON.stringify(metadata),
})

export type Decode = (stored: EncodedEvent) => Either<UndecodableEvent, RunEvent>

/** Reads stored events, bringing old schema versions up to the current one. */
export const decodeWith =
  (upcasters: Upcasters): Decode =>
  (stored) => {
    const undecodable = (detail: string) => left({ _tag: 'UndecodableEvent' as const, type: stored.type, detail })
    if (!isEventType(stored.type)) return undecodable('unknown event type')
    const metadata = EventMetadata.safeParse(jsonObjectOf(stored.metadata))
    if (!metadata.success) return undecodable(`broken metadata: ${issueOf(metadata.error)}`)
    const data = jsonObjectOf(stored.data)
    if (data === null) return undecodable('broken data: not a JSON object')
    const version = metadata.data.schema_version
    const current = upcast(upcasters, stored.type, version, data)
    if (current === null) return undecodable(`unknown schema version ${version}`)
    const parsed = DATA_SCHEMAS[stored.type].safeParse(current)
    if (!parsed.success) return undecodable(`broken data: ${issueOf(parsed.error)}`)
    return right({ type: stored.type, data: parsed.data, metadata: metadata.data } as RunEvent)
  }

const shipped = upcastersOf(CURRENT_VERSIONS, UPCASTERS)
if (shipped._tag === 'Left') throw new Error(`upcasters: ${JSON.stringify(shipped.left)}`)

/** `decodeWith` the upcasters that this program ships. */
export const decode: Decode = decodeWith(shipped.right)

const isEventType = (type: string): type is EventType => Object.hasOwn(DATA_SCHEMAS, type)

const jsonObjectOf = (text: string): JsonObject | null => {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : null
  } catch {
    return null
  }
}

const issueOf = (error: z.ZodError): string => {
  const [issue] = error.issues
  return issue === undefined ? 'unknown' : `/${issue.path.join('/')} ${issue.message}`
}

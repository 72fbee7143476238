/** Encodes run events as stores hold them (type, data and metadata as JSON text), and decodes them. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { z } from 'zod'
import { canonicalData, canonicalMetadata } from './canonical-decoder.ts'
import { DATA_SCHEMAS, EventMetadata, type RunEvent } from './events.ts'
import { readJsonObject } from './read-json.ts'
import {
  CURRENT_VERSIONS,
  type EventType,
  type RegistryFault,
  UPCASTERS,
  type Upcasters,
  upcast,
  upcastersOf,
} from './upcasters.ts'

/** An event as it is stored. */
export type EncodedEvent = Readonly<{ type: string; data: string; metadata: string }>

/** The event is of an unknown type or version, or its data or metadata are broken. `detail` says which. */
export type UndecodableEvent = Readonly<{ _tag: 'UndecodableEvent'; type: string; detail: string }>

export const encode = ({ type, data, metadata }: RunEvent): EncodedEvent => ({
  type,
  data: JSON.stringify(data),
  metadata: JSON.stringify(metadata),
})

export type Decode = (stored: EncodedEvent) => E.Either<UndecodableEvent, RunEvent>

/** Reads stored events, bringing old schema versions up to the current one. */
export const decodeWith =
  (upcasters: Upcasters): Decode =>
  (stored) => {
    const { type } = stored
    const undecodable = (detail: string) => E.left({ _tag: 'UndecodableEvent' as const, type, detail })
    if (!isEventType(type)) return undecodable('unknown event type')
    // Plain checks of `_tag`: every event that is read passes here, and with `flatMap` a decode took 1.8 times as long.
    const metadata = metadataOf(stored.metadata)
    if (metadata._tag === 'Left') return undecodable(`broken metadata: ${metadata.left}`)
    const data = dataOf(upcasters, type, metadata.right.schema_version, stored.data)
    if (data._tag === 'Left') return undecodable(data.left)
    return E.right({ type, data: data.right, metadata: metadata.right } as RunEvent)
  }

const metadataOf = (text: string): E.Either<string, EventMetadata> => {
  const canonical = canonicalMetadata(text)
  if (canonical !== null) return E.right(canonical)
  const parsed = EventMetadata.safeParse(readJsonObject(text))
  return parsed.success ? E.right(parsed.data) : E.left(issueOf(parsed.error))
}

const dataOf = (upcasters: Upcasters, type: EventType, version: number, text: string): E.Either<string, unknown> => {
  const canonical = version === upcasters.versions[type] ? canonicalData(type, text) : null
  if (canonical !== null) return E.right(canonical)
  const data = readJsonObject(text)
  if (data === null) return E.left('broken data: not a JSON object')
  const current = upcast(upcasters, type, version, data)
  if (current === null) return E.left(`unknown schema version ${version}`)
  const parsed = DATA_SCHEMAS[type].safeParse(current)
  return parsed.success ? E.right(parsed.data) : E.left(`broken data: ${issueOf(parsed.error)}`)
}

/** `decodeWith` the upcasters that this program ships. */
export const decode: Decode = decodeWith(
  pipe(
    upcastersOf(CURRENT_VERSIONS, UPCASTERS),
    E.getOrElse<RegistryFault, Upcasters>((fault) => {
      throw new Error(`upcasters: ${JSON.stringify(fault)}`)
    }),
  ),
)

const isEventType = (type: string): type is EventType => Object.hasOwn(DATA_SCHEMAS, type)

const issueOf = (error: z.ZodError): string => {
  const [issue] = error.issues
  return issue === undefined ? 'unknown' : `/${issue.path.join('/')} ${issue.message}`
}

/** The events of the access stream: keys that are issued and revoked, sessions that are signed out of. */
// STORAGE CONTRACT: names, fields and meanings below are in every ledger ever written. They never change;
// a new form gets a new schema version and an upcaster.
import * as E from 'fp-ts/lib/Either.js'
import { z } from 'zod'
import type { NewEvent, StoredEvent } from '../event-store/event-store.ts'
import { readJsonObject } from '../run/read-json.ts'
import { Actor, Reason } from '../run/texts.ts'
import { isTime, type Time } from '../run/time.ts'
import { ROLES } from './roles.ts'

const StoredTime: z.ZodType<Time, Time> = z.string().refine(isTime, 'must be a time in UTC with milliseconds')

/** 16 hexadecimal digits. */
export const KeyId = z.string().regex(/^[0-9a-f]{16}$/, 'must be the 16 digits of a key id')
export const KeyName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or a digit')
/** `*` matches any characters, every other character itself. */
export const ActAs = Actor
export const KeyRoles = z.array(z.enum(ROLES)).min(1, 'must hold at least one role')

export const KeyIssuedData = z.object({
  key_id: KeyId,
  name: KeyName,
  roles: KeyRoles,
  act_as: ActAs.nullable(),
  // SHA-256 of the secret's text, in hexadecimal
  secret_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  not_before: StoredTime,
  expires_at: StoredTime,
  // the key of the same name and owner that this one succeeds
  succeeds: KeyId.nullable(),
  occurred_at: StoredTime,
})

export const KeyRevokedData = z.object({ key_id: KeyId, occurred_at: StoredTime, reason: Reason.optional() })

export const SignedOutData = z.object({
  session_id: z.string().min(1).max(64),
  // when the session would have ended by itself
  expires_at: StoredTime,
  occurred_at: StoredTime,
})

export const AccessMetadata = z.object({
  schema_version: z.literal(1),
  actor: Actor,
  recorded_by: z.object({ principal: z.string().nullable(), via: z.enum(['http', 'cli', 'import']) }),
  nonce: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
})

/** The data of every type. A type that is missing here makes the stream unreadable, so that no node overlooks what it means. */
const DATA_SCHEMAS = {
  KeyIssued: KeyIssuedData,
  KeyRevoked: KeyRevokedData,
  SignedOut: SignedOutData,
} as const

type AccessType = keyof typeof DATA_SCHEMAS
type EventOf<Type extends AccessType> = Readonly<{ type: Type; data: Readonly<z.infer<(typeof DATA_SCHEMAS)[Type]>> }>

export type KeyIssued = EventOf<'KeyIssued'>
export type AccessEvent = { [Type in AccessType]: EventOf<Type> }[AccessType]
export type AccessMetadata = Readonly<z.infer<typeof AccessMetadata>>
/** An event as it is read, with who recorded it. */
export type RecordedAccessEvent = AccessEvent & Readonly<{ metadata: AccessMetadata }>

export const encodeAccessEvent = (
  event_id: string,
  { type, data }: AccessEvent,
  metadata: AccessMetadata,
): NewEvent => ({
  event_id,
  type,
  data: JSON.stringify(data),
  metadata: JSON.stringify(metadata),
})

/** An event is of an unknown type or version, or broken. Nobody can say then who may do what. */
export type AccessUnreadable = Readonly<{ _tag: 'AccessUnreadable'; detail: string }>

/** Null for an event that says nothing of who may do what. */
export const decodeAccessEvent = (stored: StoredEvent): E.Either<AccessUnreadable, RecordedAccessEvent | null> => {
  const { type, revision } = stored
  const unreadable = (detail: string): E.Either<AccessUnreadable, never> =>
    E.left({ _tag: 'AccessUnreadable', detail: `revision ${revision} of the access stream, ${type}: ${detail}` })
  if (OF_OTHERS.has(type)) return E.right(null)
  if (!isAccessType(type)) return unreadable('its type is unknown: use a newer version')
  const metadata = AccessMetadata.safeParse(readJsonObject(stored.metadata))
  if (!metadata.success) return unreadable('its metadata are broken or of a newer version')
  const data = DATA_SCHEMAS[type].safeParse(readJsonObject(stored.data))
  if (!data.success) return unreadable('its data are broken')
  return E.right({ type, data: data.data, metadata: metadata.data } as RecordedAccessEvent)
}

/** The head of an access log, and where a ledger was moved from. */
const OF_OTHERS: ReadonlySet<string> = new Set(['AccessLogSealed', 'LedgerMoved'])

const isAccessType = (type: string): type is AccessType => Object.hasOwn(DATA_SCHEMAS, type)

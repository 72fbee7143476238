/** The heads of access logs in the ledger's access stream, so that no one can cut an access log's end, or make one again, unseen. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import type { AccessStream, ReadFailure, StoredEvent, StoreUnavailable } from '../event-store/event-store.ts'
import { newId } from '../lib/new-id.ts'
import { random16 } from '../lib/random.ts'
import type { ChainHead } from './line.ts'
import type { SealedHead } from './verify.ts'

// STORAGE CONTRACT: the type, its fields and their meanings never change.
export const SEALED = 'AccessLogSealed'
export const AccessLogSealedData = z.object({
  log_id: z.string().min(1).max(64),
  // how many lines the log had
  lines: z.number().int().positive(),
  // SHA-256 of the last of them without its end, in hexadecimal
  head_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  occurred_at: z.string(),
})

/** Stores where the log `log_id` stands, or stood, at `head`; nothing where it had no line yet. The failure says why it is not stored. */
export const sealHead = (
  access: AccessStream,
  log_id: string,
  { lines, hash }: ChainHead,
): TE.TaskEither<string, void> => {
  if (hash === null) return TE.right(undefined)
  const data = { log_id, lines, head_sha256: hash, occurred_at: new Date().toISOString() }
  const metadata = {
    schema_version: 1,
    actor: 'run-ledger',
    recorded_by: { principal: null, via: 'http' },
    nonce: random16().toString('base64url'),
  }
  const event = { event_id: newId(), type: SEALED, data: JSON.stringify(data), metadata: JSON.stringify(metadata) }
  const attempt = (tries: number): TE.TaskEither<string, void> =>
    pipe(
      access.read({ from: 'end', direction: 'backward', limit: 1 }),
      TE.mapLeft(detailOf),
      TE.map(({ events }) => events[0]?.revision ?? null),
      TE.flatMap((last) =>
        pipe(
          access.append(last ?? 'no_stream', [event]),
          TE.map(() => undefined),
          TE.orElse((failure) =>
            failure._tag === 'WrongExpectedRevision' && tries > 1 ? attempt(tries - 1) : TE.left(detailOf(failure)),
          ),
        ),
      ),
    )
  return attempt(TRIES)
}

const TRIES = 10

const detailOf = (failure: Readonly<{ _tag: string; detail?: string }>): string => failure.detail ?? failure._tag

/** Every seal in the access stream, oldest first. One that cannot be read is StoreUnavailable. */
export const readSeals = (access: AccessStream): TE.TaskEither<ReadFailure, readonly SealedHead[]> => {
  const from = (revision: number): TE.TaskEither<ReadFailure, readonly SealedHead[]> =>
    pipe(
      access.read({ from: revision, direction: 'forward', limit: PAGE }),
      TE.flatMap(({ events, endOfStream }) =>
        pipe(
          TE.fromEither(sealsIn(events)),
          TE.flatMap((seals) => {
            const last = events.at(-1)
            if (endOfStream || last === undefined) return TE.right(seals)
            return pipe(
              from(last.revision + 1),
              TE.map((rest) => [...seals, ...rest]),
            )
          }),
        ),
      ),
    )
  return from(0)
}

const PAGE = 512

const sealsIn = (events: readonly StoredEvent[]): E.Either<StoreUnavailable, readonly SealedHead[]> =>
  pipe(
    events.filter(({ type }) => type === SEALED),
    E.traverseArray(({ data, revision }) => {
      const read = AccessLogSealedData.safeParse(jsonOf(data))
      if (!read.success) return E.left(unreadable(revision))
      const { log_id, lines, head_sha256: hash, occurred_at: sealed_at } = read.data
      return E.right({ log_id, lines, hash, sealed_at })
    }),
  )

const unreadable = (revision: number): StoreUnavailable => ({
  _tag: 'StoreUnavailable',
  outcome: 'not_stored',
  detail: `the seal at revision ${revision} of the access stream cannot be read`,
})

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

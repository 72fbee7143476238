/** Imports an export in the ledger format into an empty store. */
import { type Either, left } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import {
  type Appended,
  type AppendFailure,
  bytesOf,
  type EventStore,
  MAX_APPEND_BYTES,
  MAX_APPEND_EVENTS,
  type NewEvent,
  type Position,
  START,
} from '../event-store/event-store.ts'
import { type FileRefused, type MovedEvent, movedEvents } from './ledger-reader.ts'
import { createRetry, RETRY_POLICY, type Retry, type RetryOptions, type RetryPolicy } from './retry.ts'
import type { Source } from './source.ts'

/** The store holds events that are not from this file. */
export type StoreNotEmpty = Readonly<{ _tag: 'StoreNotEmpty'; detail: string }>
/** The store can no longer be reached. What is stored counts as repeated when the file is imported again. */
export type StoreLost = Readonly<{ _tag: 'StoreLost'; detail: string }>
type MoveFailure = FileRefused | StoreNotEmpty | StoreLost
export type MoveInterrupted = Readonly<{ _tag: 'Interrupted' }>

/**
 * `displaced`: how many events were stored after events that follow them in the file, because the store failed in between.
 * Events of one run always keep their order.
 */
export type MoveCounts = Readonly<{ events: number; stored: number; repeated: number; displaced: number }>

export type Moved = Readonly<{
  counts: MoveCounts
  end: Readonly<{ _tag: 'Complete' }> | MoveInterrupted | MoveFailure
}>

export type MoveWatch = Readonly<{
  /** Called after each batch with the bytes of the source that were read so far. */
  onProgress: (bytes: number) => void
  onOutage: RetryOptions['onOutage']
  /** Ends the import after the batch under way. */
  signal: AbortSignal
}>

/**
 * Appends the events of `source` to `store`: ids, revisions and data as they were, metadata with `imported` added, in the
 * order of the file. The store must be empty, or hold what an interrupted import of the same file left there.
 */
export const importLedger = async (
  source: Source,
  store: EventStore,
  { onProgress, onOutage, signal }: MoveWatch,
  policy: RetryPolicy = RETRY_POLICY,
): Promise<Moved> => {
  const tally = { events: 0, stored: 0, repeated: 0, displaced: 0 }
  let batch = emptyBatch()
  let before: Position | null = null

  const flush = async (): Promise<MoveFailure | null> => {
    const { appends } = batch
    batch = emptyBatch()
    if (appends.length === 0) return null
    return pipe(
      before === null ? endOfEarlierImport(store, appends[0] as Append) : TE.right(before),
      TE.flatMapTask((end) => async () => {
        before = end
        const stored = await appendAll(store, appends, { policy, onOutage, signal })
        for (const [index, answer] of stored.answers.entries()) {
          const { length } = (appends[index] as Append).events
          tally.events += length
          tally[answer.position <= end ? 'repeated' : 'stored'] += length
        }
        tally.displaced += displacedIn(appends, stored.answers)
        onProgress(source.read())
        return stored.failure
      }),
      TE.toUnion,
    )()
  }

  const take = async (moved: readonly MovedEvent[]): Promise<MoveFailure | null> => {
    for (const event of moved) {
      const failure = fits(batch, event) || signal.aborted ? null : await flush()
      if (failure !== null || signal.aborted) return failure
      add(batch, event)
    }
    return null
  }

  const run = async (): Promise<Moved['end']> => {
    for await (const read of movedEvents(source)) {
      // Events before a fault are imported; they count as repeated when the whole file is imported.
      const failure = read._tag === 'Right' ? await take(read.right) : ((await flush()) ?? read.left)
      if (signal.aborted) return { _tag: 'Interrupted' }
      if (failure !== null) return failure
    }
    return (await flush()) ?? { _tag: 'Complete' }
  }

  signal.addEventListener('abort', source.close, { once: true })
  const end = await run()
  signal.removeEventListener('abort', source.close)
  source.close()
  return { counts: tally, end }
}

/** Consecutive events of the file that belong to one stream: they are stored together. */
type Append = {
  readonly line: number
  readonly stream: string
  readonly first: number
  readonly events: NewEvent[]
  bytes: number
}

type Batch = { readonly appends: Append[]; events: number; bytes: number }

// A batch fits into one transaction of the embedded store: it is stored whole or not at all.
const BATCH_EVENTS = 2_048
const BATCH_BYTES = 3 * 1024 * 1024

const emptyBatch = (): Batch => ({ appends: [], events: 0, bytes: 0 })

const fits = (batch: Batch, { event }: MovedEvent): boolean =>
  batch.events < BATCH_EVENTS && (batch.events === 0 || batch.bytes + bytesOf(event) <= BATCH_BYTES)

const add = (batch: Batch, { line, stream, revision, event }: MovedEvent): void => {
  const bytes = bytesOf(event)
  const last = batch.appends.at(-1)
  batch.events += 1
  batch.bytes += bytes
  const goesOn = last?.stream === stream && last.events.length < MAX_APPEND_EVENTS
  if (goesOn && last.bytes + bytes <= MAX_APPEND_BYTES) {
    last.events.push(event)
    last.bytes += bytes
  } else batch.appends.push({ line, stream, first: revision, events: [event], bytes })
}

/** How many events are stored after events that follow them in `appends`. */
const displacedIn = (appends: readonly Append[], answers: readonly Appended[]): number => {
  let displaced = 0
  let first: Position | null = null
  for (let index = answers.length - 1; index >= 0; index -= 1) {
    const { position } = answers[index] as Appended
    if (first === null || position < first) first = position
    else displaced += (appends[index] as Append).events.length
  }
  return displaced
}

/** The store's last position before this import; StoreNotEmpty where it holds other events than this file begins with. */
const endOfEarlierImport = (store: EventStore, first: Append): TE.TaskEither<MoveFailure, Position> =>
  pipe(
    store.headPosition(),
    TE.mapLeft((failure): MoveFailure => lost(failure.detail)),
    TE.tap((head) => (head === START ? TE.right(undefined) : isThere(store, first))),
  )

const isThere = (store: EventStore, { stream, events }: Append): TE.TaskEither<MoveFailure, unknown> =>
  pipe(
    store.readStream(stream, { from: 0, direction: 'forward', limit: 1 }),
    TE.mapLeft((failure): MoveFailure => (failure._tag === 'StoreUnavailable' ? lost(failure.detail) : OTHER_EVENTS)),
    TE.filterOrElseW(
      (page) => page.events[0]?.event_id === events[0]?.event_id,
      () => OTHER_EVENTS,
    ),
  )

const OTHER_EVENTS: StoreNotEmpty = { _tag: 'StoreNotEmpty', detail: 'the ledger has events of its own' }

type Stored = Readonly<{ answers: readonly Appended[]; failure: MoveFailure | null }>

/**
 * Sends all appends at once (a store appends them in this order), then those that failed one by one. Returns the answers
 * before the first final failure, and that failure.
 */
const appendAll = async (store: EventStore, appends: readonly Append[], waiting: RetryOptions): Promise<Stored> => {
  const sent = await Promise.all(appends.map((append) => send(store, append)))
  const answers: Appended[] = []
  const retry = createRetry(waiting)
  // Plain checks of `_tag`: the loop ends at the first failure.
  for (const [index, append] of appends.entries()) {
    const answer = sent[index] as Answer
    const settled = answer._tag === 'Right' ? answer : await settle(store, append, answer.left, retry)
    if (settled._tag === 'Left') return { answers, failure: settled.left }
    answers.push(settled.right)
  }
  return { answers, failure: null }
}

type Answer = Either<AppendFailure, Appended>

const send = (store: EventStore, { stream, first, events }: Append): Promise<Answer> =>
  store.append(stream, first === 0 ? 'no_stream' : first - 1, events)()

/** Repeats a failed append while the store is unavailable. Everything before it is stored by now. */
const settle = async (
  store: EventStore,
  append: Append,
  failure: AppendFailure,
  retry: Retry,
): Promise<Either<MoveFailure, Appended>> => {
  if (failure._tag === 'EventTooLarge' || failure._tag === 'StreamDeleted') return sendRest(store, append, failure)
  for (;;) {
    const answer = await send(store, append)
    if (answer._tag === 'Left' && answer.left._tag === 'StoreUnavailable') {
      if (await retry.waitAfter(answer.left.detail)) continue
    } else retry.succeeded()
    // An earlier try may have stored the beginning of the append.
    return answer._tag === 'Right' ? answer : sendRest(store, append, answer.left)
  }
}

/** Stores the rest of an append whose beginning is stored, as by a version of the program with other batch sizes; or returns why not. */
const sendRest = async (
  store: EventStore,
  append: Append,
  failure: AppendFailure,
): Promise<Either<MoveFailure, Appended>> => {
  const { stream, first, events, line } = append
  switch (failure._tag) {
    case 'StoreUnavailable':
      return left(lost(failure.detail))
    case 'EventTooLarge':
      return left({ _tag: 'FileRefused', line, detail: `the store takes no event of ${failure.bytes} bytes` })
    case 'StreamDeleted':
      return left({ _tag: 'StoreNotEmpty', detail: `${stream} was deleted there` })
    case 'WrongExpectedRevision': {
      const there = failure.actual - first + 1
      if (there <= 0 || there >= events.length) return left(differs(append))
      return pipe(
        () => send(store, { ...append, events: events.slice(0, there) }),
        TE.flatMap(() => () => send(store, { ...append, first: first + there, events: events.slice(there) })),
        TE.mapLeft(() => differs(append)),
      )()
    }
    default:
      return failure satisfies never
  }
}

const differs = ({ stream, first }: Append): StoreNotEmpty => ({
  _tag: 'StoreNotEmpty',
  detail: `it has another event at revision ${first} of ${stream}, or lacks one before it`,
})

const lost = (detail: string): StoreLost => ({ _tag: 'StoreLost', detail })

/** Gathers events into batches, and writes what they change together with the checkpoint. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { LRUCache } from 'lru-cache'
import { metadataLength } from '../../../projections/run-version.ts'
import { later, type Position, type StoredEvent, type StreamMark } from '../../event-store/event-store.ts'
import type {
  BatchEvents,
  CommitFailure,
  EventMark,
  Fence,
  PartMark,
  RunState,
  RunStates,
  TableSet,
} from '../projection-store.ts'
import { foldBatch, foldMarks } from './fold-batch.ts'
import { type Projected, projected } from './projected.ts'

export type BatchWriter = Readonly<{
  /** Takes an event that follows all those before it; leaves it out where its part is another's, or has it. */
  add: (event: StoredEvent) => void
  /** Takes what was done to a stream after the events so far. */
  addMark: (mark: StreamMark) => void
  /** How much is taken and not written. */
  pending: () => Readonly<{ events: number; characters: number }>
  /**
   * Writes all that was taken, and that the parts are now as the log was at `position`. Where that changes many large runs, in
   * several commits, each with the position that it has got to. After a failure, `reset`.
   */
  write: (position: Position) => TE.TaskEither<CommitFailure, void>
  /** Drops what is not written and the cached states: from now on it writes these parts, which are where their marks say. */
  reset: (marks: readonly PartMark[]) => void
  /** Where the parts are that it writes. */
  marks: () => readonly PartMark[]
  /** Drops the cached state of a run, all of which is written. */
  forget: (run_id: string) => void
}>

export type BatchWriterOptions = Readonly<{
  tables: Pick<TableSet, 'partOf' | 'loadStates' | 'commit'>
  marks: readonly PartMark[]
  /** How much JSON of runs lately changed it keeps in memory, in characters. */
  cacheCharacters: number
}>

// As much JSON of runs as one commit may load into memory.
const CHARACTERS_A_COMMIT = 4 * 1024 * 1024

export const createBatchWriter = (options: BatchWriterOptions): BatchWriter => {
  const { tables, cacheCharacters } = options
  const cached = new LRUCache<string, RunState>({ maxSize: cacheCharacters, sizeCalculation: charactersOf })
  let at = byPart(options.marks)
  let firstSeen: EventMark | null = null
  let events: readonly StoredEvent[] = []
  let taken: StoredEvent[] = []
  let marks: StreamMark[] = []
  let characters = 0

  const statesOf = (all: readonly StoredEvent[]): TE.TaskEither<CommitFailure, RunStates> => {
    const known = new Map<string, RunState>()
    const missing = new Set<string>()
    for (const { stream } of all) {
      if (known.has(stream) || missing.has(stream)) continue
      const state = cached.get(stream)
      if (state === undefined) missing.add(stream)
      else known.set(stream, state)
    }
    return missing.size === 0
      ? TE.right(known)
      : pipe(
          tables.loadStates([...missing], CHARACTERS_A_COMMIT),
          TE.map((loaded) => new Map([...known, ...loaded])),
        )
  }

  const writePart = (position: Position, states: RunStates): TE.TaskEither<CommitFailure, void> => {
    const part = foldable(events, states)
    const to = part.length < events.length ? (part.at(-1) as StoredEvent).position : position
    const fences = [...at.values()].map((mark) => fenceTo(mark, to))
    const began = Date.now()
    return pipe(
      tables.commit({ fences, events: endsOf(firstSeen, part), changes: foldBatch(states, part) }),
      TE.flatMapIO((changed) => () => {
        for (const [run_id, state] of changed) cached.set(run_id, state)
        at = byPart(fences.map((fence) => ({ part: fence.part, epoch: fence.epoch, position: fence.to })))
        events = events.slice(part.length)
        if (projected.hasSubscribers) projected.publish({ events: part, began } satisfies Projected)
      }),
    )
  }

  const writeRest = (position: Position): TE.TaskEither<CommitFailure, void> =>
    pipe(
      statesOf(events),
      TE.flatMap((states) => writePart(position, states)),
      TE.flatMap(() => (events.length === 0 ? TE.right(undefined) : writeRest(position))),
    )

  const writeMarks = (given: readonly StreamMark[]): TE.TaskEither<CommitFailure, void> => {
    if (given.length === 0) return TE.right(undefined)
    const fences = marksOf(given).map((mark) => fenceTo(mark, mark.position))
    return pipe(
      tables.loadStates(
        given.map(({ stream }) => stream),
        Number.POSITIVE_INFINITY,
      ),
      TE.flatMap((states) => tables.commit({ fences, events: null, changes: foldMarks(states, given) })),
      TE.flatMapIO((changed) => () => {
        for (const run_id of changed.keys()) cached.delete(run_id)
      }),
    )
  }

  /** Of the parts that these streams belong to. */
  const marksOf = (given: readonly StreamMark[]): readonly PartMark[] => {
    const parts = new Set(given.map(({ stream }) => tables.partOf(stream)))
    return [...at.values()].filter(({ part }) => parts.has(part))
  }

  /** Whether what happened to `stream` at `position` is yet to be written here. */
  const isDue = (stream: string, position: Position): boolean => {
    const mark = at.get(tables.partOf(stream))
    return mark !== undefined && position > mark.position
  }

  return {
    addMark: (mark) => {
      if (isDue(mark.stream, mark.position)) marks.push(mark)
    },
    add: (event) => {
      firstSeen ??= markOf(event)
      if (!isDue(event.stream, event.position)) return
      taken.push(event)
      characters += event.data.length + event.metadata.length
    },
    pending: () => ({ events: taken.length, characters }),
    write: (position) => () => {
      events = taken
      taken = []
      characters = 0
      const given = marks
      marks = []
      return pipe(
        writeRest(position),
        TE.flatMap(() => writeMarks(given)),
      )()
    },
    marks: () => [...at.values()],
    reset: (reached) => {
      at = byPart(reached)
      firstSeen = null
      cached.clear()
      taken = []
      marks = []
      characters = 0
    },
    forget: (run_id) => {
      cached.delete(run_id)
    },
  }
}

/** As many of `events`, from the first on, as `states` has all runs of. */
const foldable = (events: readonly StoredEvent[], states: RunStates): readonly StoredEvent[] => {
  const end = events.findIndex(({ stream }) => !states.has(stream))
  return end === -1 ? events : events.slice(0, end)
}

const byPart = (marks: readonly PartMark[]): ReadonlyMap<number, PartMark> =>
  new Map(marks.map((mark) => [mark.part, mark]))

const fenceTo = ({ part, epoch, position }: PartMark, to: Position): Fence => ({
  part,
  epoch,
  from: position,
  to: later(position, to),
})

const endsOf = (first: EventMark | null, events: readonly StoredEvent[]): BatchEvents | null => {
  const last = events.at(-1)
  return first === null || last === undefined ? null : { first, last: markOf(last), count: events.length }
}

const markOf = ({ position, event_id, stream, revision }: StoredEvent): EventMark => ({
  position,
  event_id,
  stream,
  revision,
})

// Beside the JSON: the Run, its other fields, its place in the cache.
const CHARACTERS_A_RUN = 500

const charactersOf = ({ run, inputCharacters }: RunState): number =>
  CHARACTERS_A_RUN + inputCharacters + (run === null ? 0 : metadataLength(run.run_metadata))

/** Folds a batch of events: pure, from the states of its runs to their new states and what changes in the tables. */

import { recordedAtOf } from '../../../projections/audit-entry.ts'
import { type ChangeSet, createChangeCollector } from '../../../projections/collect-changes.ts'
import type { Transition } from '../../../projections/current-run.ts'
import { follow } from '../../../projections/follow.ts'
import type { Changes, FoldedRun, Step } from '../../../projections/projection.ts'
import { PROJECTIONS } from '../../../projections/projections.ts'
import { QUARANTINE } from '../../../projections/quarantine.ts'
import { columnsOf, keyOf, type Row, type Table } from '../../../projections/table.ts'
import type { StoredEvent, StreamMark } from '../../event-store/event-store.ts'
import type { RunState, RunStates } from '../projection-store.ts'

// What is made of many events waits in memory until it is written: in larger pieces it lasts until the collector has to move it.
const PIECE = { changes: 512, characters: 256 * 1024 } as const

/**
 * What `events` change, in pieces, so that a batch may be larger than what it makes fits into memory. Returns the states of the
 * runs that they have changed. `states` holds every run of these events: see `UNKNOWN_RUN`.
 */
export function* foldBatch(states: RunStates, events: readonly StoredEvent[]): Generator<ChangeSet, RunStates> {
  const changed = new Map<string, RunState>()
  const quarantines = new Map<string, Row>()
  const collector = createChangeCollector()
  for (const event of events) {
    const { stream } = event
    const before = changed.get(stream) ?? stateIn(states, stream)
    const { state, transition, unreadable } = advance(before, event)
    if (state !== before) changed.set(stream, state)
    if (unreadable !== null) quarantines.set(stream, quarantineRow(event, unreadable))
    else if (before.quarantined && event.type === TOMBSTONE) quarantines.set(stream, quarantineRow(event, DELETED))
    recordStep(stepOf(event, state, transition), collector.out)
    if (isPiece(collector.size())) yield collector.take()
  }
  for (const [run_id, after] of changed) {
    recordRun(stateIn(states, run_id), after, collector.out)
    if (isPiece(collector.size())) yield collector.take()
  }
  recordQuarantines(states, quarantines, collector.out)
  yield collector.takeAll()
  return changed
}

/**
 * What changes when a quarantined run is read on from its last good revision: `events` have their rows already, as events of a
 * run that could not be read. `isLast`: nothing of the run follows them up to the checkpoint.
 */
export function* refoldRun(
  run_id: string,
  before: RunState,
  events: readonly StoredEvent[],
  isLast: boolean,
): Generator<ChangeSet, RunStates> {
  const collector = createChangeCollector()
  const { out } = collector
  let state: RunState = { ...before, quarantined: false }
  for (const event of events) {
    const { state: next, transition, unreadable } = advance(state, event)
    state = next
    if (unreadable !== null) {
      out.remove(QUARANTINE, [run_id])
      out.put(QUARANTINE, quarantineRow(event, unreadable))
      break
    }
    recordStep({ placed: event, transition: null, known_from: null }, undoing(out))
    recordStep(stepOf(event, state, transition), out)
    if (isPiece(collector.size())) yield collector.take()
  }
  if (isLast && !state.quarantined) out.remove(QUARANTINE, [run_id])
  recordRun(before, state, out)
  yield collector.takeAll()
  return new Map([[run_id, { ...state, quarantined: state.quarantined || !isLast }]])
}

/**
 * What changes when the store says what it shows of streams: a run whose first events are hidden is quarantined. A tombstone
 * is an event, too, and a `readable` stream is read again by `retryRun`, so both change nothing here.
 */
export function* foldMarks(states: RunStates, marks: readonly StreamMark[]): Generator<ChangeSet, RunStates> {
  const changed = new Map<string, RunState>()
  const quarantines = new Map<string, Row>()
  for (const { stream, state } of marks) {
    const before = stateIn(states, stream)
    if (state !== 'truncated' || before.run === null) continue
    quarantines.set(stream, [stream, 0, '$metadata', HIDDEN, before.known_from])
    changed.set(stream, { ...before, quarantined: true })
  }
  const collector = createChangeCollector()
  recordQuarantines(states, quarantines, collector.out)
  yield collector.takeAll()
  return changed
}

// What EventStoreDB puts at the end of a stream that is deleted for ever (SystemEventTypes.cs).
const TOMBSTONE = '$streamDeleted'
const DELETED = 'the stream is deleted for ever'
const HIDDEN = 'the first events of the stream are hidden, by a deletion or by a rule of the stream'

/** One row a run, in the place of the one that it had. */
const recordQuarantines = (states: RunStates, quarantines: ReadonlyMap<string, Row>, out: Changes): void => {
  for (const [run_id, row] of quarantines) {
    if (stateIn(states, run_id).quarantined) out.remove(QUARANTINE, [run_id])
    out.put(QUARANTINE, row)
  }
}

const isPiece = ({ changes, characters }: Readonly<{ changes: number; characters: number }>): boolean =>
  changes >= PIECE.changes || characters >= PIECE.characters

const stateIn = (states: RunStates, run_id: string): RunState => {
  const state = states.get(run_id)
  if (state === undefined) throw new Error(`the state of ${run_id} was not loaded`)
  return state
}

/** `unreadable`: why the run stops before the event; null where it goes on, and where it has stopped before. */
type Advanced = Readonly<{ state: RunState; transition: Transition | null; unreadable: string | null }>

/** Moves a run past `event`. Where it cannot, the run is quarantined, and what follows waits in the log. */
const advance = (before: RunState, event: StoredEvent): Advanced => {
  if (before.quarantined) return { state: before, transition: null, unreadable: null }
  const followed = follow(before.run, before.revision, event)
  // By hand: every event of the log comes through here.
  if (followed._tag === 'Left')
    return { state: { ...before, quarantined: true }, transition: null, unreadable: followed.left.detail }
  const transition = followed.right
  const recorded_at = recordedAtOf(transition.event, event)
  const state: RunState = {
    run: transition.after,
    revision: event.revision,
    known_from: recorded_at > before.known_from ? recorded_at : before.known_from,
    quarantined: false,
    inputCharacters: before.run === null ? event.data.length : before.inputCharacters,
  }
  return { state, transition, unreadable: null }
}

/** The run stops before `event`, since the moment when the log took it. */
const quarantineRow = ({ stream, revision, type, recorded_at }: StoredEvent, detail: string): Row => [
  stream,
  revision,
  type,
  detail,
  recorded_at,
]

const PER_EVENT = PROJECTIONS.filter((each) => each.per === 'event')
const PER_RUN = PROJECTIONS.filter((each) => each.per === 'run')

const stepOf = (placed: StoredEvent, { known_from }: RunState, transition: Transition | null): Step =>
  transition === null ? { placed, transition, known_from: null } : { placed, transition, known_from }

const recordStep = (step: Step, out: Changes): void => {
  for (const projection of PER_EVENT) projection.changes(step, out)
}

const recordRun = (before: RunState, after: RunState, out: Changes): void => {
  if (after.run === null || after.run === before.run) return
  const [from, to] = [foldedRun(before), foldedRun(after) as FoldedRun]
  for (const projection of PER_RUN) projection.changes(from, to, out)
}

const foldedRun = ({ run, revision, known_from }: RunState): FoldedRun | null =>
  run === null ? null : { run, revision, known_from }

/** Removes what would be put. */
const undoing = (out: Changes): Changes => ({
  put: (table, row) => out.remove(table, keyIn(table, row)),
  remove: () => undefined,
  merge: ({ name }) => {
    throw new Error(`${name} holds sums of events, which cannot be taken back`)
  },
})

const keyIn = (table: Table, row: Row): Row => {
  const columns = columnsOf(table)
  return keyOf(table).map((name) => row[columns.indexOf(name)] ?? null)
}

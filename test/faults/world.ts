/** Two ledgers and a projector over one log, and the servers of that log, which can be made to fail. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type EventStore, START, type StoredEvent } from '../../src/event-store/event-store.ts'
import type { Limits } from '../../src/event-store/eventstoredb/limits.ts'
import { fast } from '../../src/event-store/eventstoredb/messages/fast.ts'
import { storedEventOf } from '../../src/event-store/eventstoredb/messages/messages.ts'
import { openEventStore } from '../../src/event-store/open.ts'
import { createLedger, type Ledger, type LedgerLimits } from '../../src/ledger/ledger.ts'
import { createBatchWriter } from '../../src/read-model/projector/batch-writer.ts'
import { createCatchUp } from '../../src/read-model/projector/catch-up.ts'
import { carryOn } from '../../src/read-model/projector/tables-state.ts'
import { openProjectionStore } from '../../src/read-model/sqlite/writing/projection-store.ts'
import type { RunCommand } from '../../src/run/commands.ts'
import { startCluster } from '../support/eventstoredb/cluster.ts'
import type { LogRecord } from '../support/eventstoredb/records.ts'
import type { StandIn } from '../support/eventstoredb/stand-in.ts'
import { contentsOf } from '../support/read-model/read-models.ts'
import { rightOf } from '../support/scenario.ts'

export type World = Readonly<{
  nodes: readonly StandIn[]
  elect: (leader: StandIn | null) => void
  ledgers: readonly [Ledger, Ledger]
  /** A ledger that knows nothing yet, with the time limits of a real one. */
  freshLedger: () => Ledger
  /** What the log holds of a run, taken from the server itself. */
  eventsOf: (run: string) => readonly StoredEvent[]
  /** The event of a command that the log holds, also where it is not replicated. */
  writtenFor: (command: RunCommand) => string | null
  /** From now on writes are not replicated; after `ms` they are, or are lost. */
  unreplicatedFor: (ms: number, lost: boolean) => void
  /** Does `work` on a node once what was begun there before has ended. */
  inTurn: (node: StandIn, work: () => Promise<void>) => void
  /** Ends all that fails, and waits until it has. */
  calm: () => Promise<void>
  /** The tables that the projector has made, once they are as far as the log. */
  projected: () => Promise<Tables>
  /** The tables that one fold of the log makes. */
  folded: () => Promise<Tables>
  close: () => Promise<void>
}>

export type Tables = Readonly<Record<string, readonly string[]>>

// As short as a busy machine lets them be: that a call runs out of time now and then is one more fault.
const SHORT: Limits = {
  appendWithin: 120,
  readWithin: 120,
  openWithin: 60_000,
  retryWithin: 60,
  quietAfter: 60,
  backoff: { minDelay: 1, maxDelay: 20 },
}
const PATIENT: Partial<Limits> = { openWithin: 60_000 }
const QUICK_DISCOVERY = '&discoveryInterval=10&gossipTimeout=1'
const LEDGER_LIMITS: Partial<LedgerLimits> = {
  answerWithin: 400,
  retryPolicy: { tries: 10, minDelay: 1, maxDelay: 20 },
}

export const openWorld = async (size: number): Promise<World> => {
  const { nodes, address, elect, stop } = await startCluster(size, { commitTimeout: 100 })
  const open = async (limits: Partial<Limits>): Promise<EventStore> =>
    rightOf(
      await openEventStore(
        { kind: 'eventstoredb', address: `${address}${QUICK_DISCOVERY}`, prefix: PREFIX, limits },
        'write',
      )(),
    )
  const [one, other, third, patient] = await Promise.all([open(SHORT), open(SHORT), open(SHORT), open(PATIENT)])
  const projector = projectorOver(third)
  const turns = new Map<StandIn, Promise<void>>()
  let replication: NodeJS.Timeout | undefined
  const log = () => (nodes[0] as StandIn).log()
  const events = () => log().records.flatMap(storedIn)
  return {
    nodes,
    elect,
    ledgers: [createLedger(one, LEDGER_LIMITS), createLedger(other, LEDGER_LIMITS)],
    freshLedger: () => createLedger(patient),
    eventsOf: (run) => (log().stream(`${PREFIX}${run}`)?.records ?? []).flatMap(storedIn),
    inTurn: (node, work) => {
      turns.set(node, (turns.get(node) ?? Promise.resolve()).then(work))
    },
    writtenFor: ({ run_id, command_id }) =>
      (log().writtenStream(`${PREFIX}${run_id}`)?.records ?? [])
        .flatMap(storedIn)
        .find(({ metadata }) => JSON.parse(metadata).command_id === command_id)?.event_id ?? null,
    unreplicatedFor: (ms, lost) => {
      clearTimeout(replication)
      log().holdReplication()
      replication = setTimeout(lost ? log().loseUnreplicated : log().replicate, ms)
    },
    calm: async () => {
      clearTimeout(replication)
      log().replicate()
      for (const node of nodes) node.faults.clear()
      await Promise.all(turns.values())
      elect(nodes[0] as StandIn)
    },
    projected: () => projector.tablesAt(events().at(-1)?.position ?? ''),
    folded: () => foldOf(events()),
    close: async () => {
      await projector.stop()
      await Promise.all([one, other, third, patient].map((store) => store.close()))
      await stop()
    },
  }
}

const PREFIX = 'run-'

const storedIn = ({ response }: LogRecord): readonly StoredEvent[] => {
  const event = storedEventOf(fast.readAnswerOf(response), PREFIX)
  return event === null ? [] : [event]
}

const projectorOver = (store: EventStore) => {
  const path = join(mkdtempSync(join(tmpdir(), 'run-ledger-')), 'read-model.db')
  const tables = rightOf(openProjectionStore(path))
  const nothing = () => undefined
  const live = createCatchUp({
    tables: tables.live,
    store,
    name: 'projector',
    prepare: carryOn(tables, store),
    heartbeat: tables.heartbeat,
    log: nothing,
    onAdvance: nothing,
    onHopeless: nothing,
  })
  live.start()
  return {
    tablesAt: async (position: string): Promise<Tables> => {
      while (live.position() < position) await pause(2)
      return rowsOf(path)
    },
    stop: async () => {
      await live.stop()
      tables.close()
      rmSync(dirname(path), { recursive: true })
    },
  }
}

const foldOf = async (events: readonly StoredEvent[]): Promise<Tables> => {
  const path = join(mkdtempSync(join(tmpdir(), 'run-ledger-')), 'read-model.db')
  const tables = rightOf(openProjectionStore(path))
  rightOf(await tables.beginLive())
  const marks = rightOf(await tables.live.parts())
  const writer = createBatchWriter({ tables: tables.live, marks, cacheCharacters: 1_000_000 })
  for (const event of events) writer.add(event)
  rightOf(await writer.write(events.at(-1)?.position ?? START)())
  const rows = rowsOf(path)
  tables.close()
  rmSync(dirname(path), { recursive: true })
  return rows
}

const rowsOf = (path: string): Tables =>
  Object.fromEntries(
    Object.entries(contentsOf(path)).map(([table, rows]) => [table, rows.map((row) => JSON.stringify(row)).sort()]),
  )

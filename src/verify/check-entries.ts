/** Compares the read model's audit trail and versions of runs with what the log says, batch by batch as it is folded. */
import { ENTRIES } from '../../projections/audit-trail.ts'
import type { ChangeSet } from '../../projections/collect-changes.ts'
import { PROJECTIONS } from '../../projections/projections.ts'
import { columnsOf, type Table } from '../../projections/table.ts'
import type { Snapshot, TableRow } from '../read-model/snapshot.ts'
import { type Cursor, cursorOf } from './cursor.ts'
import { differencesOf } from './excerpts.ts'
import type { ColumnDifference, Finding } from './findings.ts'

export type EntryCheck = Readonly<{
  /** The next changes that the fold of the log makes. Returns what of them is not checked here. */
  take: (changes: ChangeSet) => ChangeSet
  /** Compares what was taken since the last time. */
  compare: () => Promise<void>
  /** After the last: what the read model has beyond all of them. */
  end: () => Promise<void>
}>

/**
 * Passes everything that differs to `found`. Reads the read model along with the log; where it cannot be read the rest is
 * not compared.
 */
export const checkEntries = async (readModel: Snapshot, found: (finding: Finding) => void): Promise<EntryCheck> => {
  const onDamage = (detail: string) => found({ kind: 'damaged-read-model', detail })
  const open = (table: Table) => cursorOf(readModel.rows(table, ['position']), onDamage)
  const entries = await open(ENTRIES)
  const beside = await Promise.all(BESIDE.map(open))
  let taken: ChangeSet[] = []

  const takeInvented = async (before: number): Promise<void> => {
    for (let row = entries.row(); row !== null && positionOf(row) < before; row = entries.row()) {
      found({ kind: 'invented-entry', ...placeOf(row) })
      await entries.next()
    }
  }

  const compare = async ([entry, ...others]: LogRows): Promise<void> => {
    const position = positionOf(entry)
    if (positionOf(entries.row()) < position) await takeInvented(position)
    if (!entries.isWhole()) return
    const row = entries.row()
    if (positionOf(row) !== position) {
      found({ kind: 'missing-entry', ...placeOf(entry) })
      return
    }
    const columns: ColumnDifference[] = [...differencesOf(ENTRIES, row, entry)]
    for (const [i, table] of BESIDE.entries()) {
      const cursor = beside[i] as Cursor
      while (positionOf(cursor.row()) < position) await cursor.next()
      const mine = positionOf(cursor.row()) === position ? cursor.row() : null
      columns.push(...differencesOf(table, mine, others[i] ?? null))
    }
    const seen = columns.filter(({ column }) => column !== 'position')
    if (seen.length > 0) found({ kind: 'changed-entry', ...placeOf(entry), columns: seen })
    await entries.next()
  }

  return {
    take: (changes) => {
      taken.push(changes)
      return new Map([...changes].filter(([name]) => !CHECKED_HERE.has(name)))
    },
    compare: async () => {
      const changes = taken
      taken = []
      for (const some of changes) for (const rows of rowsIn(some)) await compare(rows)
    },
    end: () => takeInvented(Number.POSITIVE_INFINITY),
  }
}

/** The tables whose rows belong to an entry: what would fill much space is not written to be compared. */
const BESIDE: readonly Table[] = PROJECTIONS.flatMap(({ per, tables }) =>
  per === 'event' ? tables.filter((table) => table !== ENTRIES && table.key.join() === 'position') : [],
)

/** Whether the rows of `table` are compared while the log is folded. */
export const isCheckedAsFolded = (table: Table): boolean => CHECKED_HERE.has(table.name)

const CHECKED_HERE: ReadonlySet<string> = new Set([ENTRIES, ...BESIDE].map(({ name }) => name))

/** The rows that one event makes: its entry, and those of `BESIDE`. */
type LogRows = readonly [entry: TableRow, ...others: TableRow[]]

function* rowsIn(changes: ChangeSet): Generator<LogRows> {
  const puts = [ENTRIES, ...BESIDE].map((table) => ({
    values: changes.get(table.name)?.puts ?? [],
    width: columnsOf(table).length,
  }))
  const count = (puts[0]?.values.length ?? 0) / columnsOf(ENTRIES).length
  for (let i = 0; i < count; i += 1)
    yield puts.map(({ values, width }) => values.slice(i * width, (i + 1) * width)) as unknown as LogRows
}

const at = (table: Table, column: string): number => columnsOf(table).indexOf(column)

/** In all these tables the same. */
const POSITION = at(ENTRIES, 'position')
const RUN_ID = at(ENTRIES, 'run_id')
const REVISION = at(ENTRIES, 'revision')

const positionOf = (row: TableRow | null): number => (row === null ? Number.POSITIVE_INFINITY : Number(row[POSITION]))

const placeOf = (row: TableRow) => ({ run_id: String(row[RUN_ID]), revision: Number(row[REVISION]) })

/** One generation of the tables, for those who project its parts. */

import { type Either, left } from 'fp-ts/lib/Either.js'
import { sql } from 'kysely'
import type pg from 'pg'
import type { ChangeSet, StoredValue, TableChanges, Values } from '../../../../projections/collect-changes.ts'
import { QUARANTINE } from '../../../../projections/quarantine.ts'
import type { Batch, CommitFailure, ProjectionStoreFailure, RunStates, TableSet } from '../../projection-store.ts'
import type { QuarantinedRun } from '../../read-model.ts'
import { rowsOf } from '../kysely.ts'
import { partOf } from '../parts.ts'
import { attempt } from '../postgres-failure.ts'
import { schemaName } from '../tables.ts'
import { unescapeNul } from '../text.ts'
import { playChanges } from './change-player.ts'
import { moveMarks, readCheckpoint, readMarks } from './part-marks.ts'
import { readStates } from './run-states.ts'
import { inTransaction } from './transaction.ts'

/** `place`: what failures name. `pool`: of the one who writes. */
export type Writing = Readonly<{ pool: pg.Pool; place: string }>

export const generationTables = ({ pool, place }: Writing, generation: number): TableSet => {
  const schema = schemaName(generation)

  const write = ({ fences, events, changes }: Batch): Promise<RunStates> =>
    inTransaction(pool, async (client) => {
      if (!(await moveMarks(client, generation, fences, events))) throw new LostFence()
      const gathered = gather()
      for (;;) {
        const made = changes.next()
        if (made.done !== true) gathered.add(made.value)
        if (made.done === true || gathered.isMuch()) await playChanges(client, schema, gathered.take())
        if (made.done === true) return made.value
      }
    })

  return {
    checkpoint: () => attempt(place, () => readCheckpoint(pool, generation)),
    parts: () => attempt(place, () => readMarks(pool, generation)),
    partOf,
    loadStates: (run_ids, mostCharacters) => () =>
      attempt(place, () => readStates(pool, schema, run_ids, mostCharacters)),
    commit: (batch) => () => unlessLost(() => attempt(place, () => write(batch))),
    quarantined: () => attempt(place, () => readQuarantined(pool, schema)),
  }
}

/** Makes a transaction roll back. */
class LostFence extends Error {}

const unlessLost = async (
  work: () => Promise<Either<ProjectionStoreFailure, RunStates>>,
): Promise<Either<CommitFailure, RunStates>> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof LostFence) return left({ _tag: 'FenceLost' })
    throw error
  }
}

const readQuarantined = async (pool: pg.Pool, schema: string): Promise<readonly QuarantinedRun[]> => {
  const rows = await rowsOf<QuarantinedRun>(
    pool,
    sql`select run_id, revision, type, detail, since from ${sql.id(schema, QUARANTINE.name)} order by run_id`,
  )
  return rows.map((row) => ({ ...row, run_id: unescapeNul(row.run_id), detail: unescapeNul(row.detail) }))
}

// Each statement is a way to the server and back, so that pieces are made together, as long as they fit into memory.
const MUCH_CHARACTERS = 2 * 1024 * 1024
const MUCH_VALUES = 65_536

type Gathered = Readonly<{ add: (changes: ChangeSet) => void; isMuch: () => boolean; take: () => ChangeSet }>

/** Many sets of changes as one: no row is changed by two of them, but one that is removed and put again. */
const gather = (): Gathered => {
  let pieces = new Map<string, TableChanges[]>()
  let characters = 0
  let values = 0
  const measure = (list: Values) => {
    values += list.length
    for (const value of list) if (typeof value === 'string') characters += value.length
  }
  return {
    add: (changes) => {
      for (const [name, of] of changes) {
        const before = pieces.get(name)
        if (before === undefined) pieces.set(name, [of])
        else before.push(of)
        for (const list of [of.removes, of.puts, of.merges, ...of.updates.values()]) measure(list)
      }
    },
    isMuch: () => characters >= MUCH_CHARACTERS || values >= MUCH_VALUES,
    take: () => {
      const taken = new Map([...pieces].map(([name, of]) => [name, together(of)]))
      pieces = new Map()
      characters = 0
      values = 0
      return taken
    },
  }
}

const together = (pieces: readonly TableChanges[]): TableChanges => {
  const updates = new Map<number, StoredValue[]>()
  for (const piece of pieces)
    for (const [mask, values] of piece.updates) {
      const before = updates.get(mask)
      if (before === undefined) updates.set(mask, [...values])
      else for (const value of values) before.push(value)
    }
  return {
    removes: pieces.flatMap(({ removes }) => removes),
    puts: pieces.flatMap(({ puts }) => puts),
    updates,
    merges: pieces.flatMap(({ merges }) => merges),
  }
}

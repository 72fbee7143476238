/** The tree as a SQLite file, `tree.db`. It is no cache: after a scavenge it alone has the hashes of what is gone. */
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { positionText } from '../../event-store/event-store.ts'
import { HASH_BYTES, hashOfTile, TILE_WIDTH, type TileId } from '../tree/tiles.ts'
import type { NewLeaf, SignedCheckpoint, TreeStore } from '../tree/tree-store.ts'
import { packPositions, unpackPositions } from './packed-positions.ts'

export type TreeFileFailure = Readonly<{ _tag: 'TreeMissing' | 'TreeDamaged'; path: string; detail: string }>

/** `write` makes the file where it is missing; its owner holds the lock of the data directory. */
export const openTreeFile = (path: string, access: 'read' | 'write'): Either<TreeFileFailure, TreeStore> => {
  if (access === 'read' && !existsSync(path))
    return left({ _tag: 'TreeMissing', path, detail: 'there is no tree yet: `serve` builds it' })
  let database: DatabaseSync | null = null
  try {
    database = new DatabaseSync(path, { readOnly: access === 'read', timeout: BUSY_TIMEOUT })
    if (access === 'write') makeTables(database)
    const fault = faultOf(database)
    if (fault === null) return right(treeStore(database))
    database.close()
    return left({ _tag: 'TreeDamaged', path, detail: fault })
  } catch (error) {
    if (database?.isOpen) database.close()
    return left({ _tag: 'TreeDamaged', path, detail: (error as Error).message })
  }
}

const APPLICATION_ID = 0x52756e54 // "RunT"
const FORMAT = 1
const BUSY_TIMEOUT = 5_000 // ms

// A tile of 8 KiB takes two overflow pages of 4 KiB; in pages of 8 KiB it would take twice its size.
const PRAGMAS = 'PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL'

// `id` is level · 2^45 + n: one key, which is the row's own number.
const SCHEMA = `
  CREATE TABLE tiles (id INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT;
  CREATE TABLE leaf_positions (n INTEGER PRIMARY KEY, first INTEGER NOT NULL, positions BLOB NOT NULL) STRICT;
  CREATE INDEX leaf_positions_first ON leaf_positions (first);
  CREATE TABLE tree (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, last_position INTEGER NOT NULL) STRICT;
  INSERT INTO tree VALUES (1, 0, 0);
  CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, root BLOB NOT NULL, note TEXT NOT NULL, signed_at TEXT NOT NULL) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT};`

const makeTables = (database: DatabaseSync): void => {
  database.exec(PRAGMAS)
  const isEmpty = database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
  if (isEmpty) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`)
}

const faultOf = (database: DatabaseSync): string | null => {
  const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  if (pragma('application_id') !== APPLICATION_ID) return 'it is no tree of this program'
  return pragma('user_version') === FORMAT ? null : 'its format is not known: use a newer program'
}

const treeStore = (database: DatabaseSync): TreeStore => {
  const tree = database.prepare('SELECT size, last_position FROM tree')
  const grow = database.prepare('UPDATE tree SET size = ?, last_position = ?')
  const readTile = database.prepare('SELECT hashes FROM tiles WHERE id = ?')
  const putTile = database.prepare('INSERT OR REPLACE INTO tiles VALUES (?, ?)')
  const readPositions = database.prepare('SELECT positions FROM leaf_positions WHERE n = ?')
  const putPositions = database.prepare('INSERT OR REPLACE INTO leaf_positions VALUES (?, ?, ?)')
  const positionsAround = database.prepare(
    'SELECT n, positions FROM leaf_positions WHERE first <= ? ORDER BY first DESC LIMIT 1',
  )
  const newest = database.prepare('SELECT * FROM checkpoints ORDER BY size DESC LIMIT 1')
  const bySize = database.prepare('SELECT * FROM checkpoints WHERE size = ?')
  const putCheckpoint = database.prepare('INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)')

  const state = () => tree.get() as { size: number; last_position: number }
  const tile = (id: TileId): Uint8Array | null =>
    (readTile.get(keyOf(id)) as { hashes: Uint8Array } | undefined)?.hashes ?? null
  const positionsOf = (n: number): readonly number[] => {
    const row = readPositions.get(n) as { positions: Uint8Array } | undefined
    return row === undefined ? [] : unpackPositions(row.positions)
  }

  /** Adds hashes to the newest tile of `level`; each tile that is full adds its own hash to the level above. */
  const addHashes = (level: number, from: number, hashes: readonly Uint8Array[]): void => {
    const above: Uint8Array[] = []
    let n = Math.floor(from / TILE_WIDTH)
    for (let at = 0; at < hashes.length; n += 1) {
      const before = at === 0 && from % TILE_WIDTH > 0 ? tile({ level, n }) : null
      const taken = hashes.slice(at, at + TILE_WIDTH - (before?.length ?? 0) / HASH_BYTES)
      const bytes = Buffer.concat(before === null ? taken : [before, ...taken])
      putTile.run(keyOf({ level, n }), bytes)
      if (bytes.length === TILE_WIDTH * HASH_BYTES) above.push(hashOfTile(bytes))
      at += taken.length
    }
    if (above.length > 0) addHashes(level + 1, Math.floor(from / TILE_WIDTH), above)
  }

  const addPositions = (from: number, positions: readonly number[]): void => {
    let n = Math.floor(from / TILE_WIDTH)
    for (let at = 0; at < positions.length; n += 1) {
      const before = at === 0 && from % TILE_WIDTH > 0 ? positionsOf(n) : []
      const taken = [...before, ...positions.slice(at, at + TILE_WIDTH - before.length)]
      putPositions.run(n, taken[0] as number, packPositions(taken))
      at += taken.length - before.length
    }
  }

  const append = (leaves: readonly NewLeaf[]): void => {
    const last = leaves.at(-1)
    if (last === undefined) return
    database.exec('BEGIN IMMEDIATE')
    try {
      const { size } = state()
      addHashes(
        0,
        size,
        leaves.map(({ hash }) => hash),
      )
      addPositions(
        size,
        leaves.map(({ position }) => Number(position)),
      )
      grow.run(size + leaves.length, Number(last.position))
      database.exec('COMMIT')
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  return {
    size: () => state().size,
    lastPosition: () => (state().size === 0 ? null : positionText(state().last_position)),
    append,
    tile,
    indexAt: (position) => {
      const found = positionsAround.get(Number(position)) as { n: number; positions: Uint8Array } | undefined
      const at = found === undefined ? -1 : unpackPositions(found.positions).indexOf(Number(position))
      return found === undefined || at === -1 ? null : found.n * TILE_WIDTH + at
    },
    positionsOf: (n) => positionsOf(n).map(positionText),
    newestCheckpoint: () => checkpointOf(newest.get()),
    checkpoint: (size) => checkpointOf(bySize.get(size)),
    putCheckpoint: ({ size, root, note, signed_at }) => {
      putCheckpoint.run(size, root, note, signed_at)
    },
    close: () => {
      if (database.isOpen) database.close()
    },
  }
}

const LEVEL = 2 ** 45

const keyOf = ({ level, n }: TileId): number => level * LEVEL + n

const checkpointOf = (row: Record<string, unknown> | undefined): SignedCheckpoint | null =>
  row === undefined ? null : ({ ...row, root: new Uint8Array(row['root'] as Uint8Array) } as SignedCheckpoint)

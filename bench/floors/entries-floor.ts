/**
 * The floor of all entries as NDJSON: a bare read and stringify of the same rows. `node entries-floor.ts READ_MODEL` prints how
 * many rows there were and the seconds that they took.
 */
import { openForReading } from '../../src/read-model/sqlite/database.ts'

const main = (path: string): void => {
  const opened = openForReading(path)
  if (opened._tag === 'Left') throw new Error(`${path}: ${opened.left._tag}`)
  const began = performance.now()
  const read = opened.right.prepare(
    'SELECT position, type, entry FROM entry_texts JOIN entries USING (position) ORDER BY position',
  )
  let entries = 0
  let characters = 0
  for (const row of read.iterate()) {
    characters += JSON.stringify(row).length + 1
    entries += 1
  }
  const seconds = (performance.now() - began) / 1000
  opened.right.close()
  process.stdout.write(JSON.stringify({ entries, characters, seconds }))
}

main(process.argv[2] ?? '')

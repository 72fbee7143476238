/** Opens the read model at PATH for writing, and prints what came of it as JSON. */
import { openProjectionStore } from '../../../src/read-model/sqlite/writing/projection-store.ts'

const [path = ''] = process.argv.slice(2)
const opened = openProjectionStore(path)
process.stdout.write(`${JSON.stringify(opened._tag === 'Right' ? { _tag: 'Right' } : opened)}\n`)

/** Who set what: which event gave each part of a Run the value that it has. */
import { escapeToken } from '../src/lib/json-pointer.ts'
import type { Json } from '../src/run/json.ts'
import type { Run } from '../src/run/run.ts'
import type { Entry } from './audit-entry.ts'

/** The position of the event that set what stands at a path of the Run, a JSON Pointer: a field, or a key of `run_metadata`. */
export type Setters = Map<string, string>

/** A part of a Run, its value, and the position of the event that set it. */
export type SetPart = Readonly<{ path: string; value: Json; position: string }>

/** Takes note of what the next event of the run has set. Setting a value that stands there already changes nothing. */
export const noteSetters = (setters: Setters, { position, changes }: Pick<Entry, 'position' | 'changes'>): void => {
  setters.set('/last_updated_at', position)
  for (const { path, to } of changes ?? []) {
    if (path === METADATA) for (const key in to as object) setters.set(pathOf(key), position)
    const [, field = '', key] = path.split('/', 3)
    setters.set(`/${field}`, position)
    if (field === 'run_metadata' && key !== undefined) setters.set(`${METADATA}/${key}`, position)
  }
}

/** Every field of `run`, and after `run_metadata` each of its keys, with who set it. */
export function* setParts(run: Run, setters: Setters): Generator<SetPart, void> {
  for (const [field, value] of Object.entries(run)) {
    yield partAt(`/${field}`, value, setters)
    if (field !== 'run_metadata') continue
    for (const [key, member] of Object.entries(value as object)) yield partAt(pathOf(key), member, setters)
  }
}

const partAt = (path: string, value: Json, setters: Setters): SetPart => {
  const position = setters.get(path)
  if (position === undefined) throw new Error('a part of a run that no event has set')
  return { path, value, position }
}

const METADATA = '/run_metadata'

const pathOf = (key: string): string => `${METADATA}/${escapeToken(key)}`

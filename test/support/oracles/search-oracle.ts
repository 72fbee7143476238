/** What a search means, said a second time and plainly: whether it is true of a Run. */
import type { Json } from '../../../src/run/json.ts'
import type { Run } from '../../../src/run/run.ts'
import type { Field, Operator, Scalar, Search } from '../../../src/search/syntax.ts'
import { isCompleted } from './oracle.ts'

/** `revision` is the Run's. */
export const isTrueOf = (search: Search, run: Run, revision: number): boolean => {
  const again = (inner: Search): boolean => isTrueOf(inner, run, revision)
  if (search.kind === 'and') return search.operands.every(again)
  if (search.kind === 'or') return search.operands.some(again)
  if (search.kind === 'not') return !again(search.operand)
  const held = heldBy(run, revision, search.field)
  if (held === undefined) return false
  switch (search.kind) {
    case 'exists':
      return true
    case 'comparison':
      return compares(held, search.operator, search.value)
    case 'in':
      return search.values.some((value) => compares(held, '=', value))
    case 'startswith':
      return typeof held === 'string' && held.startsWith(search.value)
    case 'contains':
      if (Array.isArray(held)) return held.some((element: Json) => compares(element, '=', search.value))
      return typeof held === 'string' && typeof search.value === 'string' && held.includes(search.value)
    default:
      return search satisfies never
  }
}

const heldBy = (run: Run, revision: number, field: Field): Json | undefined => {
  switch (field.kind) {
    case 'number':
      return revision
    case 'duration':
      return isCompleted(run) ? Date.parse(run.last_updated_at) - Date.parse(run.created_at) : undefined
    case 'json':
      return field.path.reduce<Json | undefined>(inside, run[field.name])
    default:
      return run[field.name]
  }
}

const inside = (json: Json | undefined, step: string | number): Json | undefined => {
  if (typeof json !== 'object' || json === null || Array.isArray(json) !== (typeof step === 'number')) return undefined
  return Object.hasOwn(json, step) ? (json as Record<string | number, Json>)[step] : undefined
}

const compares = (held: Json, operator: Operator, value: Scalar): boolean => {
  if (value === null) return operator === '=' && held === null
  if (held === null || typeof held !== typeof value) return false
  const order =
    typeof held === 'string'
      ? Buffer.compare(Buffer.from(held), Buffer.from(value as string))
      : Number(held) - Number(value)
  const holds: Record<Operator, boolean> = {
    '=': order === 0,
    '!=': order !== 0,
    '<': order < 0,
    '<=': order <= 0,
    '>': order > 0,
    '>=': order >= 0,
  }
  return holds[operator]
}

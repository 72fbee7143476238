/** Upcasters: what makes the data of an older schema version into the next one, when it is read. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { JsonObject } from './json.ts'

/** Makes data of `type` at version `from` into data at version `to`. Pure, and total over what was ever written. */
export type Upcaster = Readonly<{
  type: string
  from: number
  to: number
  upcast: (data: JsonObject) => JsonObject
}>

/** The schema version that this program writes, by event type. */
export const CURRENT_VERSIONS = { RunCreated: 1, RunStarted: 1, RunStatusChanged: 1, RunCompleted: 1 } as const
export type EventType = keyof typeof CURRENT_VERSIONS

/** The current schema version of each event type. */
export type Versions = Readonly<Record<string, number>>

export type Upcasters = Readonly<{ versions: Versions; steps: ReadonlyMap<string, Upcaster> }>

/** What is wrong with a registry; the program does not start with one. */
export type RegistryFault = Readonly<{
  _tag: 'Hole' | 'Double' | 'Circle' | 'UnknownType'
  type: string
  version: number
}>

/** The upcasters that this program ships. Version 1 is the first of every type, so there are none. */
export const UPCASTERS: readonly Upcaster[] = []

/**
 * Checks that from every version of every type one path of upcasters leads to the current one.
 * Refused: a version without an upcaster (`Hole`), with two (`Double`), one that does not lead upwards (`Circle`), and an
 * upcaster of a type that is not written (`UnknownType`).
 */
export const upcastersOf = (versions: Versions, registry: readonly Upcaster[]): Either<RegistryFault, Upcasters> => {
  const steps = new Map<string, Upcaster>()
  for (const step of registry) {
    const fault = faultOf(step, versions, steps)
    if (fault !== null) return left({ _tag: fault, type: step.type, version: step.from })
    steps.set(keyOf(step.type, step.from), step)
  }
  const hole = holeIn(versions, steps)
  return hole === null ? right({ versions, steps }) : left(hole)
}

const faultOf = ({ type, from, to }: Upcaster, versions: Versions, steps: Upcasters['steps']) => {
  const current = Object.hasOwn(versions, type) ? versions[type] : undefined
  if (current === undefined) return 'UnknownType'
  if (to <= from) return 'Circle'
  if (steps.has(keyOf(type, from))) return 'Double'
  return to > current ? 'Hole' : null
}

const holeIn = (versions: Versions, steps: Upcasters['steps']): RegistryFault | null => {
  for (const [type, current] of Object.entries(versions))
    for (let version = 1; version < current; version += 1)
      if (!steps.has(keyOf(type, version))) return { _tag: 'Hole', type, version }
  return null
}

/** `data` at the current version of `type`; null where no path leads there from `version`. */
export const upcast = (
  { versions, steps }: Upcasters,
  type: string,
  version: number,
  data: JsonObject,
): JsonObject | null => {
  const current = Object.hasOwn(versions, type) ? versions[type] : undefined
  if (version === current) return data
  const step = steps.get(keyOf(type, version))
  return step === undefined ? null : upcast({ versions, steps }, type, step.to, step.upcast(data))
}

const keyOf = (type: string, version: number): string => `${type} ${version}`

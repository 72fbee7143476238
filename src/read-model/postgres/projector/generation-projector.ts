/** Projects the parts of one generation that this process holds. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type pg from 'pg'
import type { EventStore, Position } from '../../../event-store/event-store.ts'
import type { PartMark, ProjectionStoreFailure } from '../../projection-store.ts'
import { type CatchUp, createCatchUp } from '../../projector/catch-up.ts'
import type { FollowFailure, Hopeless } from '../../projector/follow-log.ts'
import { checkLedger } from '../../projector/ledger-check.ts'
import type { ProjectorLog, RetryWhich } from '../../projector/projector.ts'
import { PARTS } from '../parts.ts'
import { attempt, isLockTimeout } from '../postgres-failure.ts'
import { generationTables, type Writing } from '../writing/generation-tables.ts'
import { beat } from '../writing/part-marks.ts'
import { givePartsBack, type LeaseView, lookAtLeases, takePart } from './leases.ts'

export type GenerationProjector = Readonly<{
  generation: number
  /** Takes free parts up to this process's share, and gives back what it holds beyond it. */
  look: () => Promise<void>
  /** The parts that this process holds. */
  parts: () => readonly number[]
  /** Tries quarantined runs again. Returns the parts whose runs were tried. */
  retry: (which: RetryWhich) => Promise<readonly number[]>
  /** Ends after the batches under way. The leases stay. */
  stop: () => Promise<void>
}>

export type GenerationOptions = Readonly<{
  generation: number
  /** Identifies this process. */
  owner: string
  writing: Writing
  /** For leases. */
  leases: pg.Pool
  store: EventStore
  log: ProjectorLog
  /** Called after every write. */
  onMoved: () => void
  /** Called where the parts that are held, or who follows the log for them, should be looked at soon. */
  onChange: () => void
  onHopeless: (failure: Hopeless) => void
}>

/** A part further behind than this follows the log by itself, so that the others do not wait for it. */
const FAR_BEHIND_EVENTS = 10_000

export const createGenerationProjector = (options: GenerationOptions): GenerationProjector => {
  const { generation, owner, writing, leases, store, log } = options
  const tables = generationTables(writing, generation)
  /** Epochs of the parts that are held. */
  const held = new Map<number, number>()
  let following: readonly CatchUp[] = []
  let isChanged = false

  const change = (): void => {
    isChanged = true
    options.onChange()
  }

  /** Where these parts are. Those that another process has taken meanwhile are held no longer. */
  const marksOf = (parts: readonly number[]): TE.TaskEither<ProjectionStoreFailure, readonly PartMark[]> =>
    pipe(
      tables.parts,
      TE.map((marks) => {
        const own = marks.filter(({ part, epoch }) => parts.includes(part) && held.get(part) === epoch)
        if (own.length < parts.length) {
          for (const part of parts) if (!own.some((mark) => mark.part === part)) held.delete(part)
          change()
        }
        return own
      }),
    )

  const prepare = (parts: readonly number[]): TE.TaskEither<FollowFailure, readonly PartMark[]> =>
    pipe(
      tables.checkpoint,
      TE.flatMap(
        (checkpoint): TE.TaskEither<FollowFailure, void> =>
          checkpoint === null ? TE.right(undefined) : checkLedger(store, checkpoint),
      ),
      TE.flatMap(() => marksOf(parts)),
    )

  const follow = (parts: readonly number[], isFar: boolean): CatchUp => {
    const catchUp = createCatchUp({
      tables,
      store,
      name: `projector (${isFar ? 'parts far behind' : `${parts.length} parts`})`,
      prepare: prepare(parts),
      heartbeat: () => attempt(writing.place, () => beat(writing.pool, generation, parts)),
      log,
      onAdvance: (position) => {
        options.onMoved()
        if (isFar && position >= nearest()) change()
      },
      onHopeless: options.onHopeless,
    })
    catchUp.start()
    return catchUp
  }

  /** Where those are that the parts far behind will join. */
  const nearest = (): Position => following[0]?.position() ?? ''

  /** Follows the log again for the parts that are held now. */
  const reassign = async (): Promise<void> => {
    isChanged = false
    await stop()
    const marks = await pipe(
      marksOf([...held.keys()]),
      TE.getOrElse((failure) => {
        isChanged = true
        throw new Error(failure.detail)
      }),
    )()
    const { near, far } = await divide(store, marks)
    following = [near, far].filter((parts) => parts.length > 0).map((parts) => follow(parts, parts === far))
  }

  const stop = async (): Promise<void> => {
    const stopping = following
    following = []
    await Promise.all(stopping.map((catchUp) => catchUp.stop()))
  }

  const take = async ({ free }: LeaseView, wanted: number): Promise<void> => {
    let left = wanted
    for (const part of shuffled(free)) {
      if (left <= 0) return
      const epoch = await takePart(leases, generation, part, owner).catch((error: unknown) => {
        // Who had it before is about to commit.
        if (isLockTimeout(error)) return null
        throw error
      })
      if (epoch === null) continue
      held.set(part, epoch)
      isChanged = true
      left -= 1
    }
  }

  const look = async (): Promise<void> => {
    const view = await lookAtLeases(leases, generation, owner)
    const share = Math.ceil(PARTS / Math.max(1, view.processes))
    for (const part of [...held.keys()]) if (!view.owned.includes(part)) drop(part)
    const surplus = [...held.keys()].slice(share)
    for (const part of surplus) drop(part)
    try {
      await take(view, share - held.size)
    } finally {
      if (isChanged) await reassign()
    }
    // Among them those that were lost without a word: nobody writes them.
    const unheld = view.owned.filter((part) => !held.has(part))
    if (unheld.length > 0) await givePartsBack(leases, generation, unheld, owner)
  }

  const drop = (part: number): void => {
    held.delete(part)
    isChanged = true
  }

  return {
    generation,
    look,
    parts: () => [...held.keys()],
    retry: async (which) => {
      const tried: number[] = []
      for (const catchUp of following)
        if ((await catchUp.retry(which)())._tag === 'Right') tried.push(...catchUp.parts())
      return tried
    },
    stop,
  }
}

type Division = Readonly<{ near: readonly number[]; far: readonly number[] }>

/** Which parts follow the log together, and which are so far behind these that they catch up by themselves. */
const divide = async (store: EventStore, marks: readonly PartMark[]): Promise<Division> => {
  const sorted = [...marks].sort((a, b) => (a.position < b.position ? -1 : 1))
  const numbers = sorted.map(({ part }) => part)
  const ahead = sorted.at(-1)?.position
  const behindOf = new Map<Position, number>()
  for (const [i, { position }] of sorted.entries()) {
    if (position === ahead) return { near: numbers.slice(i), far: numbers.slice(0, i) }
    const known = behindOf.get(position) ?? (await eventsBetween(store, position, ahead as Position))
    behindOf.set(position, known)
    if (known <= FAR_BEHIND_EVENTS) return { near: numbers.slice(i), far: numbers.slice(0, i) }
  }
  return { near: numbers, far: [] }
}

/** None where the log does not answer: anyone who follows it waits for it in any case. */
const eventsBetween = async (store: EventStore, from: Position, to: Position): Promise<number> => {
  const [behind, ahead] = await Promise.all([store.backlog(from)(), store.backlog(to)()])
  return behind._tag === 'Left' || ahead._tag === 'Left' ? 0 : behind.right.events - ahead.right.events
}

/** Processes that start together do not all try the same parts first. */
const shuffled = (parts: readonly number[]): readonly number[] =>
  parts
    .map((part) => [Math.random(), part] as const)
    .sort(([a], [b]) => a - b)
    .map(([, part]) => part)

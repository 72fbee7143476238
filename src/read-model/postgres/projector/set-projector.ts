/** Projects the generations of this program's tables: the one that is read, and the one that is to replace it. */
import type pg from 'pg'
import type { EventStore, Position } from '../../../event-store/event-store.ts'
import { lowestOf } from '../../projection-store.ts'
import type { Hopeless } from '../../projector/follow-log.ts'
import type { ProjectorLog } from '../../projector/projector.ts'
import type { Writing } from '../writing/generation-tables.ts'
import { readMarks } from '../writing/part-marks.ts'
import { dropUnused, ensureSet, readSet, type SetState, switchTo, unusedGenerations } from '../writing/table-set.ts'
import { createGenerationProjector, type GenerationProjector } from './generation-projector.ts'
import { forgetProcesses, givePartsBack, LOOK_MS } from './leases.ts'
import { forgetOldRequests, markDone, requestsFor } from './requests.ts'

export type SetProjector = Readonly<{
  /** Ends after the batches under way. */
  stop: () => Promise<void>
}>

export type SetProjectorOptions = Readonly<{
  owner: string
  writing: Writing
  leases: pg.Pool
  store: EventStore
  log: ProjectorLog
  /** Called after every write. */
  onMoved: () => void
  onHopeless: (failure: Hopeless) => void
}>

// While a generation is being made, the moment of the switch should not be missed.
const LOOK_WHILE_MAKING_MS = 200
const CLEAN_MS = 60_000

export const startSetProjector = (options: SetProjectorOptions): SetProjector => {
  const { owner, leases, store, log } = options
  let projectors: readonly GenerationProjector[] = []
  let isLiveForeign = false
  let cleanedAt = Number.NEGATIVE_INFINITY
  /** Where the log ended at the last look. */
  let seenHead: Position | null = null
  let stopped = false
  let isWoken = false
  let endPause = (): void => undefined

  const wake = (): void => {
    isWoken = true
    endPause()
  }

  const projectorOf = (generation: number, isLive: boolean): GenerationProjector =>
    createGenerationProjector({
      ...options,
      generation,
      onChange: wake,
      onHopeless: (failure) => {
        // What is being made of this log replaces it.
        if (isLive) isLiveForeign = true
        options.onHopeless(failure)
      },
    })

  /** Begins to project the generations that are there, and ends with those that are not. */
  const follow = async ({ live, next }: SetState): Promise<void> => {
    for (const gone of projectors.filter(({ generation }) => generation !== live && generation !== next)) {
      await gone.stop()
      await givePartsBack(leases, gone.generation, gone.parts(), owner)
      projectors = projectors.filter((other) => other !== gone)
    }
    for (const generation of [live, next])
      if (generation !== null && !projectors.some((projector) => projector.generation === generation))
        projectors = [...projectors, projectorOf(generation, generation === live)]
  }

  const switchWhereMade = async ({ next }: SetState): Promise<void> => {
    if (next === null) {
      seenHead = null
      return
    }
    const before = seenHead
    const head = await store.headPosition()()
    if (head._tag === 'Right') seenHead = head.right
    if (before === null || lowestOf(await readMarks(leases, next)) < before) return
    if (await switchTo(leases, next, isLiveForeign)) {
      isLiveForeign = false
      log({
        level: 'info',
        message: `projector: the tables of generation ${next} are complete, and are read from now on`,
      })
      options.onMoved()
    }
  }

  const answerRequests = async (): Promise<void> => {
    for (const projector of projectors) {
      const requests = await requestsFor(leases, projector.generation, projector.parts())
      for (const run_id of new Set(requests.map((request) => request.run_id))) {
        const tried = await projector.retry(run_id === null ? 'all' : { run_id })
        // The others are looked at again.
        await markDone(
          leases,
          requests.filter((request) => request.run_id === run_id && tried.includes(request.part)),
        )
      }
    }
  }

  const clean = async (): Promise<void> => {
    if (performance.now() - cleanedAt < CLEAN_MS) return
    cleanedAt = performance.now()
    await forgetProcesses(leases)
    await forgetOldRequests(leases)
    for (const { set, generation } of await unusedGenerations(leases)) await dropUnused(leases, set, generation)
  }

  const look = async (): Promise<SetState> => {
    let state = await readSet(leases)
    if (state.live === null && state.next === null) {
      await ensureSet(leases)
      state = await readSet(leases)
    }
    await follow(state)
    for (const projector of projectors) await projector.look()
    await answerRequests()
    await switchWhereMade(state)
    return state
  }

  const run = async (): Promise<void> => {
    while (!stopped) {
      let wait = LOOK_MS
      try {
        const { next } = await look()
        if (next !== null) wait = LOOK_WHILE_MAKING_MS
        await clean()
      } catch (error) {
        log({ level: 'warn', message: `projector: ${error instanceof Error ? error.message : String(error)}` })
      }
      await pause(wait)
    }
    await Promise.all(projectors.map((projector) => projector.stop()))
  }

  /** Ends early where someone wakes it, or has done so since the last one. */
  const pause = async (ms: number): Promise<void> => {
    if (!isWoken)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        endPause = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    isWoken = false
  }

  const running = run()
  return {
    stop: async () => {
      stopped = true
      wake()
      await running
    },
  }
}

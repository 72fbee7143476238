/** A run's entries, page by page and then live, and its states, folded a little at a time. */
import { useEffect, useState } from 'preact/hooks'
import type { ClientProblem, Entry } from '../../client/client.ts'
import { ledger } from '../lib/ledger.ts'
import { useLive } from '../lib/live.ts'
import { createFold, type Fold } from './fold.ts'

export type Trail = Readonly<{
  entries: readonly Entry[]
  fold: Fold
  /** All entries are there, and folded as far as they can be. */
  whole: boolean
  problem: ClientProblem | null
}>

// A frame takes 16 ms; what the reader does meanwhile waits no longer than this.
const SLICE_MS = 12
const PAGE = 500

/** The trail of `run_id`, which is the same for the life of the component. It grows while the run does. */
export const useTrail = (run_id: string): Trail => {
  const [place] = useState<Place>(() => ({ run_id, cursor: undefined, entries: [], fold: createFold() }))
  const [trail, setTrail] = useState<Trail>({ entries: [], fold: place.fold, whole: false, problem: null })
  const [more, setMore] = useState(0)
  // `more` reads on from the place that was reached
  useEffect(() => {
    const ending = new AbortController()
    void readOn(place, setTrail, ending.signal)
    return () => ending.abort()
  }, [more])
  useLive(({ run_ids }) => {
    if (run_ids.includes(run_id)) setMore((before) => before + 1)
  })
  return trail
}

/** `cursor` leads to the page that the last entry stood on: there is none behind it to go on with. */
type Place = { run_id: string; cursor: string | undefined; entries: readonly Entry[]; fold: Fold }

const readOn = async (place: Place, show: (trail: Trail) => void, signal: AbortSignal): Promise<void> => {
  const { run_id, fold } = place
  for (;;) {
    const page = await ledger.listRunEvents(
      run_id,
      { limit: PAGE, ...(place.cursor === undefined ? undefined : { cursor: place.cursor }) },
      { signal },
    )
    if (signal.aborted) return
    if (page._tag === 'Left') return show({ entries: place.entries, fold, whole: false, problem: page.left })
    const fresh = page.right.data.filter(({ revision }) => revision >= place.entries.length)
    place.entries = [...place.entries, ...fresh]
    fold.add(fresh)
    const next = page.right.next_cursor
    show({ entries: place.entries, fold, whole: false, problem: null })
    while (fold.work(SLICE_MS)) {
      await breath()
      if (signal.aborted) return
    }
    if (next === null) return show({ entries: place.entries, fold, whole: true, problem: null })
    place.cursor = next
  }
}

/** Lets the browser do what waits. */
const breath = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

/** Loading: what a page asks the ledger for, and how far it has got. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ClientProblem, Result } from '../../client/client.ts'
import { askSession } from './session.ts'

/** While the next value loads, the one before stays on show. */
export type Loaded<Value> = Readonly<{
  value: Value | null
  problem: ClientProblem | null
  loading: boolean
  /** Asks again; what is on show stays until the answer is there. */
  reload: () => void
}>

/** Asks whenever `key` changes. A key of null asks for nothing. An answer that comes after the next question is dropped. */
export const useLoad = <Value>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<Result<Value>>,
): Loaded<Value> => {
  const [state, setState] = useState<State<Value>>(NOTHING)
  const [turn, setTurn] = useState(0)
  const asking = useRef(load)
  asking.current = load
  // `turn` asks the same question again
  useEffect(() => {
    if (key === null) return setState(NOTHING)
    const ending = new AbortController()
    setState((before) => ({ ...before, loading: true }))
    asking.current(ending.signal).then((answer) => {
      if (ending.signal.aborted) return
      // A session that has ended: the frame asks to sign in again.
      if (answer._tag === 'Left' && answer.left._tag === 'unauthenticated') void askSession()
      setState(
        answer._tag === 'Right'
          ? { value: answer.right, problem: null, loading: false }
          : { value: null, problem: answer.left, loading: false },
      )
    })
    return () => ending.abort()
  }, [key, turn])
  return { ...state, reload: () => setTurn((before) => before + 1) }
}

type State<Value> = Omit<Loaded<Value>, 'reload'>

const NOTHING = { value: null, problem: null, loading: false } as const

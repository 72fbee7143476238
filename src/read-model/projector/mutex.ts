/** Takes turns: one piece of work after another, each to its end. */

/** Runs `work` once all work given before it has ended. */
export type Turns = <Result>(work: () => Result | Promise<Result>) => Promise<Result>

export const createTurns = (): Turns => {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }
}

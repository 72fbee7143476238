/** One queue a run: whoever waits for a run's turn gets it in the order of asking. */

export type Turns = <Answer>(run_id: string, work: () => Promise<Answer>) => Promise<Answer>

/** Runs of different ids do not wait for each other. `work` must not throw. */
export const turns = (): Turns => {
  const last = new Map<string, Promise<unknown>>()
  return async (run_id, work) => {
    const before = last.get(run_id)
    const mine = before === undefined ? work() : before.then(work)
    last.set(run_id, mine)
    const answer = await mine
    if (last.get(run_id) === mine) last.delete(run_id)
    return answer
  }
}

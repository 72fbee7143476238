/** One queue a run: whoever waits for a run's turn gets it in the order of asking. */

export type RunQueue = <Answer>(run_id: string, work: () => Promise<Answer>) => Promise<Answer>

/** Runs of different ids do not wait for each other. */
export const runQueue = (): RunQueue => {
  const last = new Map<string, Promise<unknown>>()
  return (run_id, work) => {
    const before = last.get(run_id)
    const mine = before === undefined ? work() : before.then(work, work)
    const leave = () => {
      if (last.get(run_id) === mine) last.delete(run_id)
    }
    last.set(run_id, mine)
    mine.then(leave, leave)
    return mine
  }
}

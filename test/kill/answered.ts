/** Commands that servers have answered. */
import { expect } from 'vitest'
import { openEventStore } from '../../src/event-store/open.ts'
import { rightOf } from '../support/scenario.ts'
import { eventsOf } from '../support/stores.ts'

export type Answered = Readonly<{ run_id: string; command_id: string; revision: number }>

/** That the log has every command that was answered, in the order of its run, and none twice. */
export const expectInLog = async (address: string, answered: readonly Answered[]): Promise<void> => {
  const store = rightOf(await openEventStore({ kind: 'eventstoredb', address, prefix: 'run-' }, 'read')())
  const commands = new Map<string, Answered[]>()
  for (const each of answered) commands.set(each.run_id, [...(commands.get(each.run_id) ?? []), each])
  for (const [run_id, of] of commands) {
    const ids = (await eventsOf(store, run_id)).map(({ metadata }) => JSON.parse(metadata).command_id as string)
    expect(ids.slice(0, of.length)).toEqual(of.map(({ command_id }) => command_id))
    expect(new Set(ids).size).toBe(ids.length)
  }
  await store.close()
}

/** Whether a command repeats an earlier one or is another one under the same id. */
import { isDeepStrictEqual } from 'node:util'
import type { RunCommand } from '../run/commands.ts'
import { eventOf } from '../run/decide.ts'
import type { RunEvent } from '../run/events.ts'
import { readJson } from '../run/read-json.ts'

/**
 * Whether `command` would lead to `stored` again: by the same actor, with the same type and data; `occurred_at` is compared only
 * where the caller gave it. The way in and the correlation may differ: a retry can come by another way.
 */
export const isRepeatOf = (command: RunCommand, stored: RunEvent): boolean => {
  if (command.actor !== stored.metadata.actor) return false
  const again = eventOf(command, command.occurred_at ?? stored.data.occurred_at, stored.metadata)
  if (again.type !== stored.type) return false
  const text = JSON.stringify(again.data)
  // Through JSON: -0 is stored as 0. The order of keys does not count.
  return text === JSON.stringify(stored.data) || isDeepStrictEqual(readJson(text), stored.data)
}

/** Options that are times, as people type them. */
import * as E from 'fp-ts/lib/Either.js'
import { type UsageFailure, usageFailure } from '../../config.ts'
import { type Time, TimeInput, timeOf } from '../../run/time.ts'

/**
 * The value of an option that is a time: RFC 3339, a date (its midnight in UTC), or how long before `now` (`7d`; s, m, h, d, w).
 * `flag` is the name that the UsageFailure uses for it.
 */
export const timeOption = (
  flag: string,
  text: string | undefined,
  now: number = Date.now(),
): E.Either<UsageFailure, Time | undefined> => {
  if (text === undefined) return E.right(undefined)
  const parsed = TimeInput.safeParse(writtenOut(text, now))
  return parsed.success
    ? E.right(parsed.data)
    : E.left(
        usageFailure(
          `${flag} ${parsed.error.issues[0]?.message}; or a date, or how long ago, such as 2026-05-04 or 7d`,
        ),
      )
}

/** `--since` is a short name of `flag`: one of them at most is given. */
export const beginningOf = (
  flag: string,
  text: string | undefined,
  since: string | undefined,
): E.Either<UsageFailure, Time | undefined> =>
  since === undefined
    ? timeOption(flag, text)
    : text === undefined
      ? timeOption('--since', since)
      : E.left(usageFailure(`--since is ${flag}: leave out one of them`))

const writtenOut = (text: string, now: number): string => {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return `${text}T00:00:00Z`
  const [, amount, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
  const ms = MS[unit]
  if (ms === undefined) return text
  const at = now - Number(amount) * ms
  return at < 0 ? text : timeOf(at)
}

const MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

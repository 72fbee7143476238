/** Import into a ledger behind a running server: `POST /commands`, repeated until it is answered. */
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { type Problem, problemOf } from '../api/problems.ts'
import { commandIdOfFileLine } from '../run/ids.ts'
import { isJsonObject, type JsonObject } from '../run/json.ts'
import { parseJson } from '../run/parse-json.ts'
import type { Answer, ImportTarget, TargetLost } from './import.ts'
import { createRetry, graceAfter, QUIET_RETRY, type RetryOptions } from './retry.ts'

/**
 * Sends lines to the server at `url` (its path ends in `/`). Each line gets its command id before it is sent, so that a
 * request without an answer can be sent again, until the retries end. A line that is not I-JSON is refused here.
 */
export const serverTarget = (
  url: URL,
  waiting: Partial<RetryOptions> = {},
  fetch: Fetch = platformFetch,
): ImportTarget<Buffer> => {
  const wait = { ...QUIET_RETRY, ...waiting }
  const cut = graceAfter(wait.signal)
  return {
    prepare: withItsCommandId,
    take: (lines) =>
      lines.length === 0 ? Promise.resolve(E.right([])) : sendUntilAnswered({ url, fetch }, wait, cut, lines),
  }
}

/** What `fetch` is asked of; one that sends a token, say. */
type Fetch = (url: URL, init: RequestInit) => Promise<Response>

const platformFetch: Fetch = (url, init) => fetch(url, init)

type Server = Readonly<{ url: URL; fetch: Fetch }>

const withItsCommandId: ImportTarget<Buffer>['prepare'] = (bytes, number) =>
  pipe(
    parseJson(bytes),
    E.bimap(problemOf, (line) => {
      if (!isJsonObject(line) || (line.command_id ?? null) !== null) return bytes
      const commandId = commandIdOfFileLine(bytes, (line.occurred_at ?? null) === null ? number : undefined)
      return withCommandId(bytes, line, commandId)
    }),
  )

/**
 * Waits until the server's read model holds everything that was recorded before this call, where the credentials may see how
 * far it is. TargetLost where the server does not report its lag before the retries end.
 */
export const projectedBy =
  (url: URL, waiting: Partial<RetryOptions> = {}, fetch: Fetch = platformFetch): TaskEither<TargetLost, void> =>
  async () => {
    const wait = { ...QUIET_RETRY, ...waiting }
    const retry = createRetry(wait)
    const asked = Date.now()
    while (!wait.signal.aborted) {
      const lag = await lagSeconds({ url, fetch }, wait.signal)
      if (lag === 'hidden') return E.right(undefined)
      if (lag === 'unknown') {
        const detail = `${url.href}projections does not answer`
        if (!(await retry.waitAfter(detail))) return targetLost(detail)
      } else {
        retry.succeeded()
        if (lag === null || lag < (Date.now() - asked) / 1000) return E.right(undefined)
        await sleep(POLL_MS)
      }
    }
    return targetLost('stopped')
  }

const POLL_MS = 100

/** Why the whole request failed; where `again`, it is sent again after `wait` ms. */
type Refused = Readonly<{ detail: string; again: boolean; wait: number }>

const sendUntilAnswered = async (
  server: Server,
  wait: RetryOptions,
  cut: AbortSignal,
  lines: readonly Buffer[],
): Promise<E.Either<TargetLost, readonly Answer[]>> => {
  const retry = createRetry(wait)
  const answers: Answer[] = []
  let settled = 0
  /** The first line to send: those before it need not be sent again. */
  let from = 0
  for (;;) {
    const sent = await send(server, lines.slice(from), cut)
    let refused: Refused
    if (sent._tag === 'Left') refused = sent.left
    else {
      noteAnswers(answers, from, sent.right)
      const busy = answers.filter(isPassing)
      if (answers.length - busy.length > settled) retry.succeeded()
      settled = Math.max(settled, answers.length - busy.length)
      const [first] = busy
      if (first === undefined) return E.right(answers)
      // Also the lines after it, which may be of the same run.
      if (isTooMany(answers.at(-1))) from = answers.indexOf(first)
      refused = {
        detail: `${first.title}: ${first.detail}`,
        again: true,
        wait: first.status === 429 ? RATE_WAIT_MS : 0,
      }
    }
    if (!refused.again || !(await retry.waitAfter(refused.detail, refused.wait))) return targetLost(refused.detail)
  }
}

const NEWLINE = Buffer.from('\n')

const targetLost = (detail: string): E.Either<TargetLost, never> => E.left({ _tag: 'TargetLost', detail })

/** A line that was accepted once is a repeat in the next try. */
const noteAnswers = (answers: Answer[], from: number, sent: readonly Answer[]): void => {
  for (const [index, answer] of sent.entries()) if (answers[from + index] !== 'accepted') answers[from + index] = answer
}

/** Whether the same line may be accepted another time. */
const isPassing = (answer: Answer): answer is Problem =>
  typeof answer !== 'string' && (answer.status === 503 || answer.status === 429)

// A rate limit is one of a second.
const RATE_WAIT_MS = 1_000

const send = async (
  { url, fetch }: Server,
  lines: readonly Buffer[],
  cut: AbortSignal,
): Promise<E.Either<Refused, readonly Answer[]>> => {
  try {
    const response = await fetch(new URL('commands', url), {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: Buffer.concat(lines.flatMap((line) => [line, NEWLINE])),
      signal: AbortSignal.any([AbortSignal.timeout(ANSWER_WITHIN_MS), cut]),
    })
    const text = await response.text()
    if (response.status !== 200) return E.left(refusedBy(response, url))
    const answers = answersOf(text)
    return answers.length === lines.length || isTooMany(answers.at(-1))
      ? E.right(answers)
      : E.left(lost('the answer was cut short'))
  } catch (error) {
    return E.left(lost(`${url.origin} does not answer (${reasonOf(error)})`))
  }
}

/** The last answer of a request that has more lines than the server's rate limit lets pass. */
const isTooMany = (answer: Answer | undefined): boolean => typeof answer === 'object' && answer.status === 429

const ANSWER_WITHIN_MS = 120_000

const lost = (detail: string): Refused => ({ detail, again: true, wait: 0 })

const refusedBy = (response: Response, url: URL): Refused => {
  const seconds = Number(response.headers.get('retry-after') ?? 0)
  return {
    detail: `${url.href}commands answered ${response.status}`,
    again: [408, 429, 503].includes(response.status),
    wait: Number.isFinite(seconds) ? Math.min(seconds, MAX_RETRY_AFTER_S) * 1000 : 0,
  }
}

const MAX_RETRY_AFTER_S = 60

type AnswerLine = Readonly<{ ok: true; repeated: boolean } | { ok: false; problem: Problem }>

/** The answers on complete lines; a last line without a line break was cut. */
const answersOf = (text: string): readonly Answer[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const answer = JSON.parse(line) as AnswerLine
      if (!answer.ok) return answer.problem
      return answer.repeated ? 'repeated' : 'accepted'
    })

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (cause instanceof Error && 'code' in cause) return String(cause.code)
  return cause instanceof Error ? cause.message : String(cause)
}

/** `bytes` are an object without a usable `command_id`; of duplicate keys the last wins, so it goes to the end. */
const withCommandId = (bytes: Buffer, line: JsonObject, commandId: string): Buffer => {
  const comma = Object.keys(line).length === 0 ? '' : ','
  return Buffer.concat([bytes.subarray(0, bytes.lastIndexOf('}')), Buffer.from(`${comma}"command_id":"${commandId}"}`)])
}

/** How long the oldest event that is not projected has been waiting; null where there is none. */
const lagSeconds = async ({ url, fetch }: Server, stop: AbortSignal): Promise<number | null | 'unknown' | 'hidden'> => {
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(10_000), stop])
    const response = await fetch(new URL('projections', url), { signal })
    if (response.status === 403) return 'hidden'
    if (!response.ok) return 'unknown'
    const { data } = (await response.json()) as { data: readonly { caught_up: boolean; lag_seconds: number | null }[] }
    const waiting = data.filter(({ caught_up }) => !caught_up)
    if (waiting.some(({ lag_seconds }) => lag_seconds === null)) return 'unknown'
    return waiting.length === 0 ? null : Math.max(...waiting.map(({ lag_seconds }) => lag_seconds ?? 0))
  } catch {
    return 'unknown'
  }
}

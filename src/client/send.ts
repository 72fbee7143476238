/** Sends a request until it is answered: again after 429 and 503 and after network failures, a bounded number of times. */
import type { Problem } from '../api/problems.ts'
import { sleep } from '../lib/abortable.ts'
import { type Backoff, backoff } from '../lib/backoff.ts'
import { type ClientProblem, left, type Result, right, type ServerProblem } from './result.ts'

/** How often a request is sent, and how long it waits in between. */
export type RetryPolicy = Backoff & Readonly<{ tries: number }>

export const RETRY_POLICY: RetryPolicy = { tries: 6, minDelay: 100, maxDelay: 5_000 }

/** What `fetch` is asked of; the platform's own is one. */
export type Fetch = (url: URL, init: RequestInit) => Promise<Response>

export type Transport = Readonly<{ fetch: Fetch; url: URL; retry: RetryPolicy }>

export type Sending = Readonly<{
  method: 'GET' | 'POST' | 'DELETE'
  /** Without a slash in front, so that it stands under the path of the server's address. */
  path: string
  headers: Readonly<Record<string, string>>
  body?: string | undefined
  /** How long one try may take, in ms; null for an answer without an end. */
  timeout: number | null
  signal?: AbortSignal | undefined
  /** Under which the command is stored, so that a caller without an answer can send it again safely. */
  command_id?: string | undefined
}>

export type Received<Body> = Readonly<{ status: number; headers: Headers; body: Body }>

/** `read` takes the body of an answer that is no refusal. It fails, and the request is sent again, where that is cut. */
export const send = async <Body>(
  transport: Transport,
  sending: Sending,
  read: (response: Response) => Promise<Body>,
): Promise<Result<Received<Body>>> => {
  for (let tries = 1; ; tries += 1) {
    const { result, again } = await attempt(transport, sending, read)
    // Where the server asks for a long wait, the caller decides.
    if (again === null || again > LONGEST_WAIT_MS || tries >= transport.retry.tries) return result
    const wait = Math.max(again, backoff(transport.retry, tries - 1))
    if (!(await sleep(wait, sending.signal))) return left(abortedBy(sending))
  }
}

/** `again`: after how many ms it is worth another try, at the least; null where it is not. */
export type Attempt<Body> = Readonly<{ result: Result<Received<Body>>; again: number | null }>

/** Sends it once. */
export const attempt = async <Body>(
  { fetch, url }: Transport,
  sending: Sending,
  read: (response: Response) => Promise<Body>,
): Promise<Attempt<Body>> => {
  const { method, path, headers, body, timeout, signal } = sending
  const ends = [...(signal ? [signal] : []), ...(timeout === null ? [] : [AbortSignal.timeout(timeout)])]
  let status = 0
  try {
    const response = await fetch(new URL(path, url), {
      method,
      headers,
      ...(body === undefined ? undefined : { body }),
      signal: AbortSignal.any(ends),
    })
    status = response.status
    if (response.ok)
      return {
        result: right({ status, headers: response.headers, body: await read(response) }),
        again: null,
      }
    const problem = await refusalOf(response)
    return { result: left(problem), again: isPassing(problem) ? retryAfterOf(response) : null }
  } catch (error) {
    if (signal?.aborted) return { result: left(abortedBy(sending)), again: null }
    if (error instanceof SyntaxError)
      return { result: left({ _tag: 'unexpected-answer', status, detail: 'the answer is no JSON' }), again: null }
    return { result: left({ _tag: 'network-failure', detail: reasonOf(error), ...commandOf(sending) }), again: 0 }
  }
}

/** Whether the same request may be answered another time. */
const isPassing = (problem: ClientProblem): boolean =>
  problem._tag === 'network-failure' || ('status' in problem && WORTH_ANOTHER_TRY.has(problem.status))

// 408: it did not arrive whole, and nothing was done. 429: too many at once, and nothing was done. 502 and 504 come from what stands in front of the server.
const WORTH_ANOTHER_TRY: ReadonlySet<number> = new Set([408, 429, 502, 503, 504])

const LONGEST_WAIT_MS = 30_000

const abortedBy = (sending: Sending): ClientProblem => ({ _tag: 'aborted', ...commandOf(sending) })

const commandOf = ({ command_id }: Sending) => (command_id === undefined ? {} : { command_id })

const PROBLEM_TYPE = 'application/problem+json'

const refusalOf = async (response: Response): Promise<ClientProblem> => {
  const text = await response.text()
  const problem = response.headers.get('content-type')?.split(';')[0] === PROBLEM_TYPE ? problemIn(text) : null
  if (problem !== null) {
    // A server that is newer than this client may know a slug more; its members are the same.
    return { ...problem, _tag: problem.type.slice(problem.type.lastIndexOf('/') + 1) } as ServerProblem
  }
  return { _tag: 'unexpected-answer', status: response.status, detail: text.slice(0, 1_000) }
}

/** Null where the text was cut, or is not a server's of ours. */
const problemIn = (text: string): Problem | null => {
  try {
    const problem = JSON.parse(text) as Problem
    return typeof problem.type === 'string' ? problem : null
  } catch {
    return null
  }
}

/** After how many ms the server asks to be tried again: seconds, or a date (RFC 9110, section 10.2.3). 0 where it does not say. */
const retryAfterOf = ({ headers }: Response): number => {
  const text = headers.get('retry-after') ?? ''
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  // Both by the server's clock, where it says what that shows.
  const wait = Date.parse(text) - (Date.parse(headers.get('date') ?? '') || Date.now())
  return Number.isNaN(wait) ? 0 : Math.max(0, wait)
}

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}

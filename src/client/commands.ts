/** What changes runs: each command goes out with a key of its own, so that sending it again stores nothing twice. */
import type { z } from 'zod'
import type { LineAnswer, RunAnswer } from '../api/answers.ts'
import type { CommandLine } from '../api/command-line.ts'
import { sleep } from '../lib/abortable.ts'
import { backoff } from '../lib/backoff.ts'
import type { ChangeStatusBody, CompleteBody, CreateBody, StartBody } from '../run/commands.ts'
import { type CallOptions, type Context, correlation, readHeaders } from './context.ts'
import { left, type Result, right } from './result.ts'
import { type Sending, send } from './send.ts'

export type CommandOptions = CallOptions &
  Readonly<{
    /** 1 to 255 characters of printable ASCII; a new one where none is given. Repeat a command with its key, and it is stored once. */
    idempotencyKey?: string | undefined
    /** On whose behalf: who the audit trail names. */
    actor?: string | undefined
    /** W3C Trace Context, kept with the event. */
    traceparent?: string | undefined
  }>

/** `ifMatch`: the revision that the run must be at, else `wrong-revision`. */
export type ChangeOptions = CommandOptions & Readonly<{ ifMatch?: number | undefined }>

/** The Run after the command, the revision of its event, and the position that reads can wait for. */
export type Recorded = Readonly<{ run: RunAnswer; revision: number; position: string }>

export type NewRun = Readonly<z.input<typeof CreateBody>>
export type Start = Readonly<z.input<typeof StartBody>>
export type StatusChange = Readonly<z.input<typeof ChangeStatusBody>>
export type Completion = Readonly<z.input<typeof CompleteBody>>
export type Line = Readonly<z.input<typeof CommandLine>>

export type Commands = Readonly<{
  createRun: (body: NewRun, options?: CommandOptions) => Promise<Result<Recorded>>
  startRun: (run_id: string, body?: Start, options?: ChangeOptions) => Promise<Result<Recorded>>
  changeStatus: (run_id: string, body: StatusChange, options?: ChangeOptions) => Promise<Result<Recorded>>
  completeRun: (run_id: string, body: Completion, options?: ChangeOptions) => Promise<Result<Recorded>>
  /** At most 10,000 lines and 64 MiB, executed in order; an answer for each line, in the same order. One bad line harms no other. */
  executeCommands: (lines: readonly Line[], options?: CommandOptions) => Promise<Result<readonly LineAnswer[]>>
}>

export const commands = (context: Context): Commands => {
  const perform = async (path: string, body: unknown, options: ChangeOptions = {}): Promise<Result<Recorded>> => {
    const command_id = options.idempotencyKey ?? newKey()
    const answer = await send(
      context.transport,
      {
        method: 'POST',
        path,
        headers: { ...commandHeaders(context, command_id, options), 'content-type': 'application/json' },
        body: JSON.stringify(body),
        timeout: COMMAND_TIMEOUT_MS,
        signal: options.signal,
        command_id,
      },
      async (response) => (await response.json()) as RunAnswer,
    )
    if (answer._tag === 'Left') return answer
    const { headers, body: run } = answer.right
    return right({ run, revision: revisionOf(headers), position: context.noted(headers) })
  }

  return {
    createRun: (body, options) => perform('runs', body, options),
    startRun: (run_id, body = {}, options) => perform(`${runPath(run_id)}/start`, body, options),
    changeStatus: (run_id, body, options) => perform(`${runPath(run_id)}/status`, body, options),
    completeRun: (run_id, body, options) => perform(`${runPath(run_id)}/complete`, body, options),
    executeCommands: (lines, options) => execute(context, lines, options),
  }
}

export const runPath = (run_id: string): string => `runs/${encodeURIComponent(run_id)}`

/** The revision that an answer's ETag names. */
export const revisionOf = (headers: Headers): number => Number(headers.get('etag')?.replaceAll('"', ''))

// A server answers a command within 10 s, whatever its store does.
const COMMAND_TIMEOUT_MS = 15_000
const BATCH_TIMEOUT_MS = 120_000

const execute = async (
  context: Context,
  lines: readonly Line[],
  options: CommandOptions = {},
): Promise<Result<readonly LineAnswer[]>> => {
  const command_id = options.idempotencyKey ?? newKey()
  const sending: Sending = {
    method: 'POST',
    path: 'commands',
    headers: { ...commandHeaders(context, command_id, options), 'content-type': NDJSON_TYPE, accept: NDJSON_TYPE },
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    timeout: BATCH_TIMEOUT_MS,
    signal: options.signal,
    command_id,
  }
  let answers: readonly LineAnswer[] = []
  for (let tries = 1; ; tries += 1) {
    const answer = await send(context.transport, sending, linesOf)
    if (answer._tag === 'Left') return answer
    // What was taken once is a repeat in the next try.
    answers = answer.right.body.map((line, at) => (answers[at]?.ok ? answers[at] : line))
    if (tries >= context.transport.retry.tries || !answers.some(isWorthAnotherTry)) break
    if (!(await sleep(backoff(context.transport.retry, tries - 1), options.signal)))
      return left({ _tag: 'aborted', command_id })
  }
  if (context.readYourWrites) await noteOwn(context, answers, options)
  return right(answers)
}

const NDJSON_TYPE = 'application/x-ndjson'

const linesOf = async (response: Response): Promise<readonly LineAnswer[]> =>
  (await response.text())
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LineAnswer)

const isWorthAnotherTry = (line: LineAnswer): boolean => !line.ok && line.problem.status === 503

/** Line answers tell no positions: the log's own, once all is done, is at or after them all. */
const noteOwn = async (context: Context, answers: readonly LineAnswer[], { signal }: CommandOptions): Promise<void> => {
  const last = answers.findLast((line) => line.ok)
  if (last === undefined) return
  const path = `${runPath(last.run_id)}?consistency=strong`
  const headers = readHeaders(context, 'application/json')
  const read = await send(
    context.transport,
    { method: 'GET', path, headers, timeout: COMMAND_TIMEOUT_MS, signal },
    (response) => response.text(),
  )
  if (read._tag === 'Right') context.noted(read.right.headers)
}

const commandHeaders = (context: Context, key: string, options: ChangeOptions): Record<string, string> => {
  const actor = options.actor ?? context.actor
  const { ifMatch, traceparent } = options
  return {
    accept: 'application/json',
    'idempotency-key': quoted(key),
    ...(actor === undefined ? undefined : { 'run-ledger-actor': inUtf8(actor) }),
    ...(ifMatch === undefined ? undefined : { 'if-match': `"${ifMatch}"` }),
    ...(traceparent === undefined ? undefined : { traceparent }),
    ...correlation(options),
  }
}

/** A structured-field string (RFC 9651, section 3.3.3): spaces at its ends are kept. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`

/** As the bytes of UTF-8, which is what the server reads: `fetch` takes a header's characters for bytes. */
const inUtf8 = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text))

// Not `crypto.randomUUID`: a page that was not loaded over TLS does not have it.
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')

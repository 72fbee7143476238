/** Follows the audit trail live: one stream of Entries, however often the connection behind it breaks. */
import type { EntryAnswer } from '../api/entries.ts'
import type { StreamQuery } from '../api/stream-query.ts'
import { sleep } from '../lib/abortable.ts'
import { type Backoff, backoff } from '../lib/backoff.ts'
import { type CallOptions, type Context, correlation } from './context.ts'
import { eventsOf, type ServerSentEvent } from './event-stream.ts'
import { type QueryOf, queryString } from './query.ts'
import { type ClientProblem, left, type Result, right } from './result.ts'
import { type Attempt, attempt } from './send.ts'

export type SubscribeOptions = CallOptions &
  Readonly<{
    /**
     * Called with how far the log has been read, to resume from: after an Entry once it was handled, and
     * every 15 s where none matches.
     */
    onPosition?: ((position: string) => void) | undefined
    /** Called with why the connection broke or was refused; it is retried. */
    onTrouble?: ((problem: ClientProblem) => void) | undefined
  }>

/** `from`: `start`, `head` (if not given), or a position, to get what comes after it. */
export type Subscribe = (
  query?: QueryOf<StreamQuery>,
  options?: SubscribeOptions,
) => AsyncGenerator<Result<EntryAnswer>, void, undefined>

/**
 * Every Entry that matches, each once and in order, without an end: what breaks is begun again where it was. Leaving the
 * loop, or the signal, ends it. What no repeating helps against, a wrong parameter say, is the last thing that comes.
 */
export const subscribe = (context: Context): Subscribe =>
  async function* (query = {}, options = {}) {
    const place: Place = { last: null, retry: RETRY_MS, failures: 0 }
    while (!options.signal?.aborted) {
      const { result, again } = await connect(context, query, place, options)
      if (result._tag === 'Left' && again === null) {
        if (result.left._tag !== 'aborted') yield result
        return
      }
      if (result._tag === 'Left') options.onTrouble?.(result.left)
      else yield* entriesOf(result.right.body, place, options)
      place.failures += 1
      const wait = backoff({ ...RECONNECT, minDelay: place.retry }, place.failures - 1)
      await sleep(Math.max(again ?? 0, wait), options.signal)
    }
  }

/** Where a subscription is; changes as events come. `retry`, in ms, is as the server said last. */
type Place = { last: string | null; retry: number; failures: number }

// Until the server says.
const RETRY_MS = 2_000
const RECONNECT: Backoff = { minDelay: RETRY_MS, maxDelay: 30_000 }

// Three times the server's heartbeat: a connection this silent is dead, whatever the network says.
const SILENCE_MS = 45_000

type Connection = Readonly<{ events: AsyncGenerator<ServerSentEvent, void, undefined>; close: () => void }>

const connect = async (
  context: Context,
  query: QueryOf<StreamQuery>,
  { last }: Place,
  options: SubscribeOptions,
): Promise<Attempt<Connection>> => {
  const silence = createSilence()
  const headers = {
    accept: 'text/event-stream',
    ...(last === null ? undefined : { 'last-event-id': last }),
    ...correlation(options),
  }
  const signal = options.signal === undefined ? silence.signal : AbortSignal.any([options.signal, silence.signal])
  const path = `stream${queryString(query)}`
  const opened = await attempt(
    context.transport,
    { method: 'GET', path, headers, timeout: null, signal },
    async ({ body }): Promise<Connection> => ({
      events: eventsOf(body ?? new ReadableStream(), silence.broken),
      close: silence.close,
    }),
  )
  if (opened.result._tag === 'Right') return opened
  silence.close()
  if (opened.result.left._tag !== 'aborted' || options.signal?.aborted) return opened
  return { result: left({ _tag: 'network-failure', detail: 'the server did not answer' }), again: 0 }
}

/** Ends a connection over which nothing comes. */
const createSilence = () => {
  const ending = new AbortController()
  const end = () => ending.abort(new Error(`nothing came for ${SILENCE_MS} ms`))
  let timer = setTimeout(end, SILENCE_MS)
  return {
    signal: ending.signal,
    broken: () => {
      clearTimeout(timer)
      timer = setTimeout(end, SILENCE_MS)
    },
    close: () => {
      clearTimeout(timer)
      ending.abort()
    },
  }
}

/** The Entries of one connection, until it ends or breaks. */
async function* entriesOf(
  { events, close }: Connection,
  place: Place,
  { signal, onPosition, onTrouble }: SubscribeOptions,
): AsyncGenerator<Result<EntryAnswer>, void, undefined> {
  const next = async (): Promise<ServerSentEvent | null> => {
    let detail = 'the server ended the stream'
    try {
      const event = await events.next()
      if (!event.done) return event.value
    } catch (error) {
      detail = String(error)
    }
    if (!signal?.aborted) onTrouble?.({ _tag: 'network-failure', detail })
    return null
  }
  try {
    for (let event = await next(); event !== null; event = await next()) {
      place.failures = 0
      place.retry = event.retry ?? place.retry
      if (event.data !== null) yield right(JSON.parse(event.data) as EntryAnswer)
      if (event.id === null || event.id === place.last) continue
      place.last = event.id
      onPosition?.(event.id)
    }
  } finally {
    close()
  }
}

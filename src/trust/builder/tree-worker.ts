/** The thread that builds the tree from the log and signs it. */
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { EventStore } from '../../event-store/event-store.ts'
import { openEventStore } from '../../event-store/open.ts'
import { sleep } from '../../lib/abortable.ts'
import { backoff } from '../../lib/backoff.ts'
import { parseVkey } from '../formats/note.ts'
import { parseSigningKey } from '../formats/private-key.ts'
import type { SigningRefused } from '../signer/sign-checkpoint.ts'
import { type SigningLoop, signAgainAndAgain } from '../signer/signing-loop.ts'
import { openTreeFile } from '../sqlite/tree-file.ts'
import type { TreeStore } from '../tree/tree-store.ts'
import { type Growth, growTree } from './grow-tree.ts'
import type { BuilderOptions, FromBuilder, SigningOptions } from './messages.ts'
import { tailFault } from './tail-fault.ts'

const PRIORITY = 10

const port = parentPort
if (port === null) throw new Error('this file runs as a worker thread')

// Threads that serve requests go first. Elsewhere this would be the priority of the whole process.
if (process.platform === 'linux') setPriority(PRIORITY)

const send = (message: FromBuilder): void => port.postMessage(message)
const log = (level: 'info' | 'warn' | 'error', message: string): void =>
  send({ type: 'log', level, message: `tree: ${message}` })

const main = async (options: BuilderOptions): Promise<void> => {
  const ending = new AbortController()
  port.on('message', () => ending.abort())
  const opened = await pipe(
    TE.fromEither(openTreeFile(options.path, 'write')),
    TE.bindTo('tree'),
    TE.bindW('store', ({ tree }) =>
      pipe(
        openEventStore(options.eventStore, 'read'),
        TE.tapError(() => TE.fromIO(() => tree.close())),
      ),
    ),
  )()
  if (opened._tag === 'Left') send({ type: 'not_started', detail: detailOf(opened.left) })
  else {
    const { tree, store } = opened.right
    send({ type: 'started' })
    const position = tree.lastPosition()
    if (position !== null) send({ type: 'grown', position })
    await build(options, tree, store, ending.signal)
    tree.close()
    await store.close()
  }
  port.close()
}

const BACKOFF = { minDelay: 50, maxDelay: 5_000 } as const

/** Builds until `signal` aborts; where the log or the tree fails, it begins again from what the tree holds. */
const build = async (
  options: BuilderOptions,
  tree: TreeStore,
  store: EventStore,
  signal: AbortSignal,
): Promise<void> => {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      const fault = await tailFault(tree, store, options.eventStore.kind === 'eventstoredb')
      if (fault !== null) return await stayRefused(fault, signal)
      await buildOnce(options, tree, store, signal, () => {
        failures = 0
      })
    } catch (error) {
      if (signal.aborted) return
      const wait = Math.round(backoff(BACKOFF, failures))
      log('error', `begins again in ${wait} ms: ${detailOf(error)}`)
      await sleep(wait, signal)
    }
  }
}

/** Nothing is added to a tree that is not of this log, and nothing is signed: somebody has to look. */
const stayRefused = async (fault: string, signal: AbortSignal): Promise<void> => {
  send({ type: 'refused', detail: `${fault}. See docs/trust.md, "After a restore"` })
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

const buildOnce = async (
  options: BuilderOptions,
  tree: TreeStore,
  store: EventStore,
  signal: AbortSignal,
  progressed: () => void,
): Promise<void> => {
  const stop = new AbortController()
  const both = AbortSignal.any([signal, stop.signal])
  const onGrown: Parameters<typeof growTree>[0]['onGrown'] = (position) => {
    progressed()
    send({ type: 'grown', position })
  }
  const growth = growTree({ tree, store, signal: both, onGrown })
  const canLack = options.eventStore.kind === 'eventstoredb'
  const ready = readyToSign(tree, store, growth, canLack)
  const signing =
    options.signing === null ? growth.ended : signAgainAndAgain(await loopOf(options.signing, tree, ready, both))
  try {
    await Promise.race([growth.ended, signing])
    await Promise.all([growth.ended, signing])
  } finally {
    stop.abort()
    await Promise.allSettled([growth.ended, signing])
  }
}

/** What was read is in the tree, and the log still ends as the tree does. */
const readyToSign =
  (tree: TreeStore, store: EventStore, growth: Growth, canLack: boolean): TE.TaskEither<SigningRefused, boolean> =>
  async () => {
    growth.flush()
    if (!growth.hasCaughtUp()) return E.right(false)
    const fault = await tailFault(tree, store, canLack)
    return fault === null ? E.right(true) : E.left({ _tag: 'SigningRefused', detail: fault })
  }

const loopOf = async (
  { origin, keys, statePaths, every, directory, witnesses }: SigningOptions,
  tree: TreeStore,
  ready: SigningLoop['ready'],
  signal: AbortSignal,
): Promise<SigningLoop> => ({
  signer: {
    origin,
    keys: await Promise.all(keys.map(async (text) => rightOf(await parseSigningKey(text)))),
    statePaths,
    now: () => new Date().toISOString(),
  },
  tree,
  every,
  directory,
  witnesses: await Promise.all(witnesses.map(async ({ url, vkey }) => ({ url, key: rightOf(await parseVkey(vkey)) }))),
  ready,
  onSigned: ({ size }) => send({ type: 'signed', size }),
  onRefused: (detail) => send({ type: 'refused', detail }),
  onWarning: (message) => log('warn', message),
  signal,
})

/** They were parsed before this thread was started. */
const rightOf = <Right>(parsed: E.Either<Readonly<{ detail: string }>, Right>): Right => {
  if (parsed._tag === 'Left') throw new Error(parsed.left.detail)
  return parsed.right
}

const detailOf = (failure: unknown): string => {
  if (failure instanceof Error) return failure.stack ?? failure.message
  if (typeof failure === 'object' && failure !== null && 'detail' in failure) return String(failure.detail)
  return JSON.stringify(failure)
}

await main(workerData as BuilderOptions)

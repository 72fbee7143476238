/** Subscriptions to a stream and to `$all`: Enumerators.StreamSubscription.cs and Enumerators.AllSubscriptionFiltered.cs. */
import { randomUUID } from 'node:crypto'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import type { Log } from '../log.ts'
import { atLeast, type Node } from '../node.ts'
import { allForwards, PAGE_SIZE, streamForwards } from '../pages.ts'
import { type LogRecord, lastRevision } from '../records.ts'
import { caughtUpResponse, checkpointResponse, confirmationResponse, type WirePosition } from '../wire.ts'
import { type Filter, visibleInAll } from './filter.ts'
import { fail, isOver, type ReadCall, type Sender, sendAll, windowOf } from './read-sender.ts'
import { streamDeleted, timedOut } from './rpc-errors.ts'

export type AllStart = 'start' | 'end' | WirePosition

/** Follows `$all` until the call ends. A position is that of the last event seen: the subscription begins after it. */
export const subscribeToAll = async (
  node: Node,
  call: ReadCall,
  sender: Sender,
  options: ReadReq.Options,
  filter: Filter,
  start: AllStart,
): Promise<void> => {
  const { log } = node
  const window = windowOf(options)
  const multiplier = options.getFilter()?.getCheckpointintervalmultiplier() ?? 0
  // Without a filter there are no checkpoints: every event is one.
  const checkpoints = { interval: multiplier === 0 ? Number.POSITIVE_INFINITY : multiplier * window, counter: 0 }
  await sender.message(confirmationResponse(randomUUID()))
  let from = start === 'start' ? 0 : start === 'end' ? log.end() : afterPosition(log, start)
  for (let behind = start !== 'end'; behind; ) {
    const page = allForwards(log, from, PAGE_SIZE, window, filter)
    if (!(await sendAll(sender, page.records))) return
    checkpoints.counter += page.considered
    behind = !page.isEnd
    // At the end of the log there is no checkpoint, however much was passed over.
    if (behind && checkpoints.counter >= checkpoints.interval) {
      checkpoints.counter %= checkpoints.interval
      const last = page.records.at(-1)?.position
      // A page without a match gives its own beginning, as a TFPos whose prepare is 0 (AllReader.cs).
      const position = last === undefined ? { commit: from, prepare: 0 } : { commit: last, prepare: last }
      if (!(await sender.message(checkpointResponse(position)))) return
    }
    from = page.next
  }
  await followAll(node, call, sender, filter, checkpoints, log.indexAt(from))
}

/** Follows one stream until the call ends; `after` is the last revision seen, null none, -1 all that are there. */
export const subscribeToStream = async (
  node: Node,
  call: ReadCall,
  sender: Sender,
  name: string,
  after: number | null,
): Promise<void> => {
  const { log } = node
  await sender.message(confirmationResponse(randomUUID()))
  let next = afterRevision(log, name, after)
  for (let caughtUp = false; ; ) {
    const page = streamForwards(log, name, next, PAGE_SIZE)
    if (page._tag === 'StreamDeleted') return fail(call, streamDeleted(name))
    if (page._tag === 'Page') {
      if (!(await sendAll(sender, page.records))) return
      next = page.next
      if (!page.isEnd) continue
      if (!caughtUp) await announceCaughtUp(node, sender)
      caughtUp = true
    }
    if (!(await nextAppend(log, call, (record) => record.stream === name || record.stream === `$$${name}`))) return
  }
}

const afterRevision = (log: Log, name: string, after: number | null): number => {
  if (after === null) return 0
  return after < 0 ? Math.max(0, lastRevision(log.stream(name)) + 1) : after + 1
}

type Checkpoints = { readonly interval: number; counter: number }

/** SubscriptionsService.cs, ProcessEventCommited: each event that is stored, from `index` on. */
const followAll = async (
  node: Node,
  call: ReadCall,
  sender: Sender,
  filter: Filter,
  checkpoints: Checkpoints,
  index: number,
): Promise<void> => {
  const { log } = node
  await announceCaughtUp(node, sender)
  for (let next = index; ; next++) {
    const record = log.records[next]
    if (record === undefined) {
      if (!(await nextAppend(log, call))) return
      next--
      continue
    }
    if (filter(record) && !(await sendLive(log, call, sender, record, next))) return
    checkpoints.counter++
    if (checkpoints.counter >= checkpoints.interval) {
      checkpoints.counter = 0
      const position = { commit: record.position, prepare: record.position }
      if (!(await sender.message(checkpointResponse(position)))) return
    }
  }
}

/** Enumerators.cs, MaxLiveEventBufferCount: twice that many wait for a slow consumer, then it is sent away. */
const LIVE_BUFFER = 2 * 32
/** How long a connection takes nothing before its consumer counts as slow; the real server's threads leave it none. */
const SLOW_AFTER_MS = 250

const sendLive = async (
  log: Log,
  call: ReadCall,
  sender: Sender,
  record: LogRecord,
  index: number,
): Promise<boolean> => {
  const sent = sender.event(record)
  if (typeof sent === 'boolean') return sent
  const timer = setInterval(() => {
    if (log.records.length - index <= LIVE_BUFFER) return
    clearInterval(timer)
    fail(call, timedOut('Consumer too slow to handle event while live. Client resubscription required.'))
  }, SLOW_AFTER_MS)
  const taken = await sent
  clearInterval(timer)
  return taken
}

/** The message came with 23.10 (streams.proto). */
const announceCaughtUp = async (node: Node, sender: Sender): Promise<void> => {
  if (atLeast(node.version, '23.10')) await sender.message(caughtUpResponse())
}

/** ReadAllEventsForward(position, 1): the page after the first event at or after the position that anybody may see. */
const afterPosition = (log: Log, { commit }: WirePosition): number =>
  allForwards(log, commit, 1, Number.POSITIVE_INFINITY, visibleInAll).next

/** Whether a wanted record came; false where the call ended first. */
const nextAppend = (log: Log, call: ReadCall, wanted: (record: LogRecord) => boolean = () => true): Promise<boolean> =>
  new Promise((resolve) => {
    if (isOver(call)) return resolve(false)
    let seen = log.records.length
    const settle = (came: boolean) => {
      forget()
      call.off('cancelled', ended)
      call.off('close', ended)
      resolve(came)
    }
    const ended = () => settle(false)
    const forget = log.onAppended(() => {
      while (seen < log.records.length) {
        const record = log.records[seen++]
        if (record !== undefined && wanted(record)) return settle(true)
      }
    })
    call.on('cancelled', ended)
    call.on('close', ended)
  })

/** What appends, deletions and their answers have in common. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ServerUnaryCall } from '@grpc/grpc-js'
import { notReady, type RpcError, timedOut, tooBusy } from './calls/rpc-errors.ts'
import type { Misdeed } from './faults.ts'
import type { Node } from './node.ts'
import type { IdempotentNotReady, WriteOutcome } from './records.ts'

export type Peer = Pick<ServerUnaryCall<unknown, unknown>, 'getPeer'>

/** A write that a fault turned down. */
export type Failed = Readonly<{ _tag: 'Failed'; error: RpcError }>

/** What a write is answered with. */
export type WriteAnswer = Exclude<WriteOutcome, IdempotentNotReady> | Failed

/**
 * Does `write` and passes its outcome to `reply` once it is replicated, unless a fault is due. Without a fault the write
 * is done when this returns, so that writes are taken in the order of their calls.
 */
export const writeThrough = (
  node: Node,
  misdeed: Misdeed | undefined,
  peer: Peer,
  write: () => WriteOutcome,
  reply: (answer: WriteAnswer) => void,
): void => {
  if (!node.running()) return
  const answer = (outcome: WriteOutcome | Failed) => whenReplicated(node, outcome, reply)
  if (misdeed === undefined) {
    answer(write())
    node.appended()
    return
  }
  switch (misdeed._tag) {
    case 'Delay':
      void delay(misdeed.ms).then(() => {
        if (node.running()) answer(write())
      })
      return
    case 'Hang':
      if (misdeed.stored) write()
      return
    case 'Cut':
      if (misdeed.stored) write()
      node.cut(peer.getPeer())
      return
    case 'DiskFull':
      node.crash()
      return
    case 'Fail':
      if (misdeed.stored) write()
      answer({ _tag: 'Failed', error: failures[misdeed.failure]() })
      return
    case 'NoPosition': {
      whenReplicated(node, write(), (outcome) =>
        reply(
          outcome._tag === 'Written' ? { _tag: 'Idempotent', revision: outcome.revision, position: null } : outcome,
        ),
      )
    }
  }
}

/** RequestManagerBase.cs: a write that is not replicated within CommitTimeoutMs is answered as timed out, stored or not. */
const whenReplicated = (node: Node, outcome: WriteOutcome | Failed, reply: (answer: WriteAnswer) => void): void => {
  const late = () => {
    if (node.running()) reply({ _tag: 'Failed', error: failures.timeout() })
  }
  if (outcome._tag === 'IdempotentNotReady') {
    setTimeout(late, node.commitTimeout)
    return
  }
  if (outcome._tag !== 'Written' || outcome.replicated === null) {
    reply(outcome)
    return
  }
  let over = false
  const timer = setTimeout(() => {
    over = true
    late()
  }, node.commitTimeout)
  void outcome.replicated.then((kept) => {
    if (over || !kept) return
    clearTimeout(timer)
    if (node.running()) reply(outcome)
  })
}

export const failures = {
  not_ready: notReady,
  too_busy: tooBusy,
  // RequestManagerBase.cs, after PrepareTimeoutMs and CommitTimeoutMs of 2 s.
  timeout: () => timedOut('Commit phase timeout.'),
}

/** What appends, deletions and their answers have in common. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ServerUnaryCall } from '@grpc/grpc-js'
import { notReady, type RpcError, timedOut, tooBusy } from './calls/rpc-errors.ts'
import type { Misdeed } from './faults.ts'
import type { Node } from './node.ts'
import type { WriteOutcome } from './records.ts'

export type Peer = Pick<ServerUnaryCall<unknown, unknown>, 'getPeer'>

/** A write that a fault turned down. */
export type Failed = Readonly<{ _tag: 'Failed'; error: RpcError }>

/**
 * Lets `write` happen and `answer` hear of it, unless a fault is due. Without one all is done when this returns, so
 * that writes are taken in the order of their calls.
 */
export const writeThrough = (
  node: Node,
  misdeed: Misdeed | undefined,
  peer: Peer,
  write: () => WriteOutcome,
  answer: (outcome: WriteOutcome | Failed) => void,
): void => {
  if (!node.running()) return
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
      const outcome = write()
      answer(outcome._tag === 'Written' ? { ...outcome, _tag: 'Idempotent', position: null } : outcome)
    }
  }
}

export const failures = {
  not_ready: notReady,
  too_busy: tooBusy,
  // RequestManagerBase.cs, after PrepareTimeoutMs and CommitTimeoutMs of 2 s.
  timeout: () => timedOut('Commit phase timeout.'),
}

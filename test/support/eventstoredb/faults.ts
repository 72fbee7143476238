/** What a stand-in has been told to do wrong, call by call. */

export type Operation = 'append' | 'delete' | 'read' | 'subscribe' | 'features' | 'gossip'

/** Where a fault has `stored`, the call does its work first, and what is missing is its answer. */
export type Misdeed =
  /** Takes the call and never answers. */
  | Readonly<{ _tag: 'Hang'; stored?: boolean }>
  /** Cuts the connection that the call came by; a read or subscription after so many `events`. */
  | Readonly<{ _tag: 'Cut'; stored?: boolean; events?: number }>
  /** Answers later. */
  | Readonly<{ _tag: 'Delay'; ms: number }>
  /** Not ready and too busy: `NotHandled` messages, nothing is stored. Timeout: the write's commit took too long. */
  | Readonly<{ _tag: 'Fail'; failure: 'not_ready' | 'too_busy' | 'timeout'; stored?: boolean }>
  /** The disk is full: StorageWriterService.cs, CommonHandle, ends the process, and nothing of this write is stored. */
  | Readonly<{ _tag: 'DiskFull' }>
  /** Leaves the position out of the answer, as the answer may for a repeated append. */
  | Readonly<{ _tag: 'NoPosition' }>

export type Fault = Misdeed &
  Readonly<{
    on: Operation
    /** How many calls it hits; 1 if not given. A great number hits all until `clear`. */
    times?: number
  }>

export type Faults = Readonly<{
  add: (fault: Fault) => void
  clear: () => void
  /** How many calls are still to be hit. */
  pending: () => number
  /** The misdeed for the next call of `operation`. */
  take: (operation: Operation) => Misdeed | undefined
}>

export const createFaults = (): Faults => {
  let pending: { readonly fault: Fault; left: number }[] = []
  return {
    add: (fault) => {
      pending.push({ fault, left: fault.times ?? 1 })
    },
    clear: () => {
      pending = []
    },
    pending: () => pending.reduce((sum, { left }) => sum + left, 0),
    take: (operation) => {
      if (pending.length === 0) return undefined
      const next = pending.find(({ fault }) => fault.on === operation)
      if (next === undefined) return undefined
      next.left--
      if (next.left <= 0) pending = pending.filter((other) => other !== next)
      return next.fault
    },
  }
}

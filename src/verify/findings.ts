/** What `verify` can find. */

/** What is wrong, with the run and the revision where it shows; figures of many runs with whose they are. */
export type Finding =
  /** The log's file: pages, or its index, which says something else than its table. */
  | Readonly<{ kind: 'damaged-log'; detail: string }>
  /** The read model's file: pages or an index. What could not be read of it is not compared. */
  | Readonly<{ kind: 'damaged-read-model'; detail: string }>
  /** The log itself: this event is unreadable, cannot follow, or leaves a gap before it. */
  | Readonly<{ kind: 'unreadable-event'; run_id: string; revision: number; type: string; detail: string }>
  /** The read model's row says something else than the log; `revision` is the log's. */
  | Readonly<{ kind: 'changed-row'; run_id: string; revision: number; columns: readonly ColumnDifference[] }>
  /** The log has a run that the read model lacks. */
  | Readonly<{ kind: 'missing-row'; run_id: string; revision: number }>
  /** The read model has a run that the log lacks. */
  | Readonly<{ kind: 'invented-row'; run_id: string; revision: number }>
  /** Rows of another table by which the run, or an event of it, is found say something else than the log. */
  | Readonly<{ kind: 'changed-index'; table: string; run_id: string; revision: number }>
  /** The read model holds a run back that can be read, or does not hold back one that cannot. */
  | Readonly<{ kind: 'changed-quarantine'; run_id: string; revision: number }>
  /** The event's Entry, or the version that the run got by it, says something else than the log. */
  | Readonly<{ kind: 'changed-entry'; run_id: string; revision: number; columns: readonly ColumnDifference[] }>
  /** The log has an event whose Entry the read model lacks. */
  | Readonly<{ kind: 'missing-entry'; run_id: string; revision: number }>
  /** The read model has an Entry of an event that the log lacks. */
  | Readonly<{ kind: 'invented-entry'; run_id: string; revision: number }>
  /** Sums of a projection are not those of its runs: `id` says of which group, policy version or whatever it sums up. */
  | Readonly<{ kind: 'changed-sums'; projection: string; id: string }>

export type ColumnDifference = Readonly<{ column: string; read_model: string | null; log: string | null }>

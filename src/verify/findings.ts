/** What `verify` can find. */

/** What is wrong, with the run and the revision where it shows; figures of many runs with whose they are. */
export type Finding =
  /** The log itself: this event is unreadable, cannot follow, or leaves a gap before it. */
  | Readonly<{ kind: 'unreadable-event'; run_id: string; revision: number; type: string; detail: string }>
  /** The read model's row says something else than the log; `revision` is the log's. */
  | Readonly<{ kind: 'changed-row'; run_id: string; revision: number; columns: readonly ColumnDifference[] }>
  /** The log has a run that the read model lacks. */
  | Readonly<{ kind: 'missing-row'; run_id: string; revision: number }>
  /** The read model has a run that the log lacks. */
  | Readonly<{ kind: 'invented-row'; run_id: string; revision: number }>
  /** What `metadata[…]` filters find of the run is not what its metadata say. */
  | Readonly<{ kind: 'changed-metadata-index'; run_id: string; revision: number }>
  /** The read model holds a run back that can be read, or does not hold back one that cannot. */
  | Readonly<{ kind: 'changed-quarantine'; run_id: string; revision: number }>
  /** The event's Entry, or the version that the run got by it, says something else than the log. */
  | Readonly<{ kind: 'changed-entry'; run_id: string; revision: number; columns: readonly ColumnDifference[] }>
  /** The log has an event whose Entry the read model lacks. */
  | Readonly<{ kind: 'missing-entry'; run_id: string; revision: number }>
  /** The read model has an Entry of an event that the log lacks. */
  | Readonly<{ kind: 'invented-entry'; run_id: string; revision: number }>
  /** The Entry is not found by its command or correlation id, or by one that it has not. */
  | Readonly<{ kind: 'changed-entry-index'; run_id: string; revision: number }>
  /** Counts or times of the group are not those of its runs. */
  | Readonly<{ kind: 'changed-group'; run_group_id: string }>
  /** Counts or times of the policy version are not those of its runs. */
  | Readonly<{ kind: 'changed-policy-version'; policy_version_id: string }>
  /** Figures of the policy version's runs that were created in the hour are not those of these runs. */
  | Readonly<{ kind: 'changed-figures'; policy_version_id: string; hour: string }>

export type ColumnDifference = Readonly<{ column: string; read_model: string | null; log: string | null }>

/** The last revisions that this process has seen stored, to hold the log's index against. */

export type LastRevisions = Readonly<{
  /** An event of `stream` is stored at `revision`. */
  note: (stream: string, revision: number) => void
  /** Whether `revision`, which the index says is the last of `stream`, is less than was seen. */
  exceed: (stream: string, revision: number) => boolean
}>

// Some 4 MB of names.
const MAX_STREAMS = 32_768

/** Of the streams that were stored to last, at most `MAX_STREAMS` of them. */
export const createLastRevisions = (): LastRevisions => {
  const revisions = new Map<string, number>()
  return {
    note: (stream, revision) => {
      // An append that was repeated may be an older one.
      const last = Math.max(revision, revisions.get(stream) ?? -1)
      revisions.delete(stream)
      revisions.set(stream, last)
      if (revisions.size <= MAX_STREAMS) return
      for (const oldest of revisions.keys()) {
        revisions.delete(oldest)
        return
      }
    },
    exceed: (stream, revision) => (revisions.get(stream) ?? -1) > revision,
  }
}

/** The index lacks an event that was stored. Thrown, and answered as SQLite's own damage is. */
export class IndexDamaged extends Error {
  constructor() {
    super('its index lacks an event that was stored')
  }
}

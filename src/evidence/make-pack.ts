/** Makes an evidence pack of a run: its events, what they come to, and the proof of each. */
import { setImmediate } from 'node:timers/promises'
import { type AsyncZippable, zip } from 'fflate'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { StoredEvent } from '../event-store/event-store.ts'
import { utf8 } from '../trust/formats/bytes.ts'
import { parseCheckpoint } from '../trust/formats/checkpoint.ts'
import { type Log, type ProofFailure, proofOf } from '../trust/log/prove-event.ts'
import type { SignedCheckpoint } from '../trust/tree/tree-store.ts'
import { foldPack } from './fold-pack.ts'
import { eventLine, FILES, PACK, type PackedEvent, type PackHead, proofFile } from './pack-format.ts'
import { readmeOf } from './readme.ts'

/** The events of the run take more than a pack may hold. */
export type PackTooLarge = Readonly<{ _tag: 'PackTooLarge'; bytes: number }>
export type PackFailure = ProofFailure | PackTooLarge

const MAX_EVENT_BYTES = 64 * 1024 * 1024
const PAGE = 200

/**
 * The pack of a run up to its last event that the newest checkpoint covers. The same bytes for the same events, checkpoint and
 * `page`, which is `verify.html`; null where it was not built.
 */
export const makePack =
  (log: Log, page: Uint8Array | null) =>
  (run_id: string): TE.TaskEither<PackFailure, Uint8Array<ArrayBuffer>> => {
    const checkpoint = log.tree.newestCheckpoint()
    return checkpoint === null
      ? TE.left({ _tag: 'NotSignedYet', signed: 0 })
      : pipe(
          () => collect(log, checkpoint, run_id),
          TE.map((collected) => filesOf(collected, checkpoint, page)),
          TE.flatMapTask((files) => () => zipped(files)),
        )
  }

type Collected = { head: PackHead; events: string; entries: string; runs: string; proofs: [string, string][] }

const collect = async (
  { tree, store }: Log,
  checkpoint: SignedCheckpoint,
  run_id: string,
): Promise<E.Either<PackFailure, Collected>> => {
  const head: PackHead = { format: PACK, run_id, revision: -1, checkpoint_size: checkpoint.size }
  const all: Collected = { head, events: '', entries: '', runs: '', proofs: [] }
  const fold = foldPack()
  let bytes = 0
  for (let from = 0; ; from = all.head.revision + 1) {
    const page = await store.readStream(run_id, { from, direction: 'forward', limit: PAGE, withBytes: true })()
    if (page._tag === 'Left') return page
    for (const event of page.right.events) {
      const proof = proofOf(tree, checkpoint, event)
      if (proof._tag === 'Left') return endOf(all, proof.left)
      bytes += (event.bytes?.data.length ?? 0) + (event.bytes?.metadata.length ?? 0)
      if (bytes > MAX_EVENT_BYTES) return E.left({ _tag: 'PackTooLarge', bytes })
      const packed = packedOf(event)
      const { entry, run } = fold(packed)
      all.events += eventLine(packed)
      all.entries += entry
      all.runs += run
      all.proofs.push([proofFile(event.revision), proof.right.text])
      all.head = { ...all.head, revision: event.revision }
    }
    if (page.right.endOfStream) return endOf(all, { _tag: 'NoSuchEvent' })
    // Others are answered in between.
    await setImmediate()
  }
}

/** A pack ends before the first event that the checkpoint does not cover. */
const endOf = (all: Collected, failure: ProofFailure): E.Either<PackFailure, Collected> =>
  all.head.revision >= 0 && (failure._tag === 'NotSignedYet' || failure._tag === 'NoSuchEvent')
    ? E.right(all)
    : E.left(failure)

const packedOf = ({ bytes, ...event }: StoredEvent): PackedEvent => {
  if (bytes === undefined) throw new Error('the event was read without its bytes')
  return { ...event, bytes: { data: bytes.data, metadata: bytes.metadata } }
}

const filesOf = (all: Collected, { note }: SignedCheckpoint, page: Uint8Array | null): Record<string, Uint8Array> => {
  const { head, events, entries, runs, proofs } = all
  const origin = pipe(
    parseCheckpoint(note),
    E.getOrElse(() => ({ origin: '', size: 0, root: new Uint8Array(0) })),
  )
  return {
    [FILES.readme]: utf8(readmeOf(head, origin)),
    ...(page === null ? {} : { [FILES.page]: page }),
    [FILES.head]: utf8(`${JSON.stringify(head)}\n`),
    [FILES.checkpoint]: utf8(note),
    [FILES.events]: utf8(events),
    [FILES.entries]: utf8(entries),
    [FILES.runs]: utf8(runs),
    ...Object.fromEntries(proofs.map(([name, text]) => [name, utf8(text)])),
  }
}

// A zip stores local times: this one is the same in every zone.
const WHEN = new Date(1980, 0, 1)

const zipped = (files: Record<string, Uint8Array>): Promise<Uint8Array<ArrayBuffer>> =>
  new Promise((resolve, reject) =>
    zip(files as AsyncZippable, { level: 6, mtime: WHEN, os: 3 }, (error, bytes) =>
      error === null ? resolve(bytes as Uint8Array<ArrayBuffer>) : reject(error),
    ),
  )

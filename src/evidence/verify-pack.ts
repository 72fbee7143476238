/** Checks an evidence pack, offline, in Node and in browsers. */
import { unzipSync } from 'fflate'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type CheckpointNote, parseCheckpoint } from '../trust/formats/checkpoint.ts'
import { parseLeaf } from '../trust/formats/leaf.ts'
import { parseProof, type TlogProof } from '../trust/formats/proof.ts'
import { isIncluded, leafHash } from '../trust/tree/verify.ts'
import type { Policy } from '../trust/verify/policy.ts'
import { isLeafOf, type NotVerified, verifyCheckpoint } from '../trust/verify/proof.ts'
import { foldPack } from './fold-pack.ts'
import { FILES, leafEventIn, PACK, type PackedEvent, type PackHead, parseEventLine, proofFile } from './pack-format.ts'

/**
 * What a pack shows: the events of `run_id` up to `revision` are in the log that signed `checkpoint`. `isSigned`: whether a key
 * that the policy trusts has signed it; false where no policy was given, and then nothing is proved.
 */
export type VerifiedPack = Readonly<{
  run_id: string
  revision: number
  checkpoint: CheckpointNote
  isSigned: boolean
  /** The first revision that the run cannot be read on from, null where all of it can. */
  unreadable: number | null
  /** The last line of `runs.ndjson`. */
  run: unknown
}>

/** `policy`: null where no key is at hand; then everything but the signatures is checked. */
export const verifyPack = (bytes: Uint8Array, policy: Policy | null): Promise<E.Either<NotVerified, VerifiedPack>> =>
  pipe(
    TE.fromEither(filesIn(bytes)),
    TE.bindTo('files'),
    TE.bind('head', ({ files }) => TE.fromEither(headIn(files))),
    TE.bind('checkpoint', ({ files }) => checkpointOf(files.text(FILES.checkpoint), policy)),
    TE.flatMap(
      ({ files, head, checkpoint }) =>
        () =>
          verifyEvents(files, head, checkpoint, policy !== null),
    ),
  )()

const not = (detail: string) => E.left({ _tag: 'NotVerified' as const, detail })

type Files = Readonly<{ text: (name: string) => string; names: ReadonlySet<string> }>

const MAX_BYTES = 1024 * 1024 * 1024

const filesIn = (bytes: Uint8Array): E.Either<NotVerified, Files> =>
  pipe(
    E.tryCatch(
      () => {
        let total = 0
        return unzipSync(bytes, {
          filter: ({ originalSize }) => {
            total += originalSize
            if (total > MAX_BYTES) throw new Error('it is too large')
            return true
          },
        })
      },
      (error): NotVerified => ({ _tag: 'NotVerified', detail: `no evidence pack: ${(error as Error).message}` }),
    ),
    E.map((files) => {
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      return {
        names: new Set(Object.keys(files)),
        text: (name: string) => {
          const file = files[name]
          try {
            return file === undefined ? '' : decoder.decode(file)
          } catch {
            return ''
          }
        },
      }
    }),
  )

const headIn = (files: Files): E.Either<NotVerified, PackHead> => {
  const text = files.text(FILES.head)
  try {
    const { format, run_id, revision, checkpoint_size } = JSON.parse(text) as PackHead
    const head = { format, run_id, revision, checkpoint_size }
    if (format !== PACK || !Number.isSafeInteger(revision) || revision < 0 || text !== `${JSON.stringify(head)}\n`)
      return not(`${FILES.head} is not that of an evidence pack`)
    const expected = new Set([...Object.values(FILES), ...Array.from({ length: revision + 1 }, (_, i) => proofFile(i))])
    const other = [...files.names].find((name) => !expected.has(name))
    return other === undefined ? E.right(head) : not(`the pack has a file that is no part of it: ${other}`)
  } catch {
    return not('no evidence pack: it lacks pack.json')
  }
}

const checkpointOf = (text: string, policy: Policy | null): TE.TaskEither<NotVerified, CheckpointNote> =>
  policy === null
    ? pipe(
        TE.fromEither(parseCheckpoint(text)),
        TE.mapLeft(({ detail }): NotVerified => ({ _tag: 'NotVerified', detail: `no checkpoint: ${detail}` })),
      )
    : () => verifyCheckpoint(text, policy)

const verifyEvents = async (
  files: Files,
  head: PackHead,
  checkpoint: CheckpointNote,
  isSigned: boolean,
): Promise<E.Either<NotVerified, VerifiedPack>> => {
  if (head.checkpoint_size !== checkpoint.size) return not(`${FILES.head} names another checkpoint`)
  const lines = linesOf(files.text(FILES.events))
  if (lines?.length !== head.revision + 1) return not(`${FILES.events} does not end with revision ${head.revision}`)
  const fold = foldPack()
  const folded = { entries: '', runs: '', last: 'null', unreadable: null as number | null }
  let before = -1
  for (const [revision, line] of lines.entries()) {
    const event = parseEventLine(line)
    if (event === null) return not(`${FILES.events}: line ${revision + 1} is no event as a pack writes it`)
    if (event.revision !== revision || event.stream !== head.run_id)
      return not(`${FILES.events}: line ${revision + 1} is not revision ${revision} of ${head.run_id}`)
    const index = await provedIndex(files.text(proofFile(revision)), event, checkpoint, files.text(FILES.checkpoint))
    if (typeof index === 'string') return not(`${proofFile(revision)}: ${index}`)
    if (index <= before) return not(`${proofFile(revision)}: it stands before revision ${revision - 1} in the log`)
    before = index
    const { entry, run } = fold(event)
    folded.entries += entry
    folded.runs += run
    folded.last = run
    if (run.endsWith('"run":null}\n')) folded.unreadable ??= revision
  }
  if (folded.entries !== files.text(FILES.entries)) return not(`${FILES.entries} is not what the events come to`)
  if (folded.runs !== files.text(FILES.runs)) return not(`${FILES.runs} is not what the events come to`)
  const { run_id, revision } = head
  const { unreadable, last } = folded
  return E.right({
    run_id,
    revision,
    checkpoint,
    isSigned,
    unreadable,
    run: (JSON.parse(last) as { run: unknown }).run,
  })
}

/** Null where the last line has no end. */
const linesOf = (text: string): readonly string[] | null => (text.endsWith('\n') ? text.slice(0, -1).split('\n') : null)

/** The index of the event in the log of `checkpoint`, or what is wrong with its proof. */
const provedIndex = async (
  text: string,
  event: PackedEvent,
  { size, root }: CheckpointNote,
  note: string,
): Promise<number | string> => {
  const proof = pipe(
    parseProof(text),
    E.getOrElseW(() => null),
  )
  if (proof === null) return 'it is no proof'
  if (proof.checkpoint !== note) return 'it is of another checkpoint'
  return (await isProofOf(proof, event, size, root)) ? proof.index : 'it does not prove this event'
}

const isProofOf = async (
  { extra, index, path }: TlogProof,
  event: PackedEvent,
  size: number,
  root: Uint8Array<ArrayBuffer>,
): Promise<boolean> => {
  const leaf = extra === null ? null : parseLeaf(extra)
  if (extra === null || leaf === null || !(await isLeafOf(leaf, leafEventIn(event)))) return false
  return isIncluded({ hash: await leafHash(extra), index, size, path, root })
}

/** `/log/…`: the log's newest signed checkpoint, its tree in tiles, and proofs that one tree is a prefix of another. */
import type { FastifyReply } from 'fastify'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import { ConsistencyAnswer, ConsistencyQuery } from '../../../api/log.ts'
import { problem } from '../../../api/problems.ts'
import { toBase64 } from '../../../trust/formats/bytes.ts'
import { entryBundle } from '../../../trust/log/entry-bundle.ts'
import { consistencyProof } from '../../../trust/tree/proofs.ts'
import { HASH_BYTES, parseTilePath, type TilePath, tileWidth } from '../../../trust/tree/tiles.ts'
import { documented } from '../../open-api/documented.ts'
import { NoQuery } from '../../request/headers.ts'
import { JSON_TYPE, produces, typed } from '../../response/content-negotiation.ts'
import { type Refusal, respond } from '../../response/problem-response.ts'
import { logRefusal, parameterProblem } from '../../response/read-problems.ts'
import { NO_CACHE } from '../../response/response-headers.ts'
import type { App, ServedTree, ServerParts } from '../../server-parts.ts'

export const TEXT_TYPE = 'text/plain'
const BYTES_TYPE = 'application/octet-stream'
// The same for everybody who may read it, for ever; but only for those who may.
const FOR_EVER = 'private, max-age=31536000, immutable'

/** Refused where this server has no tree, or cannot read it. */
export const treeOf = ({ trust }: Pick<ServerParts, 'trust'>): TE.TaskEither<Refusal, ServedTree> =>
  trust === null ? TE.left({ problem: problem('not-found', 'this server has no tree of its log') }) : TE.right(trust)

export const logRoutes = (app: App, parts: ServerParts): void => {
  app.get(
    '/log/checkpoint',
    { schema: { ...CHECKPOINT, querystring: NoQuery }, onRequest: produces(TEXT_TYPE) },
    (_request, reply) =>
      respond(
        reply,
        pipe(
          treeOf(parts),
          TE.flatMapNullable(({ tree }) => tree.newestCheckpoint(), notSigned),
          TE.map(({ note }) => {
            typed(reply, TEXT_TYPE).header('cache-control', NO_CACHE)
            return note
          }),
        ),
      ),
  )

  app.get(
    '/log/consistency',
    { schema: { ...CONSISTENCY, querystring: ConsistencyQuery }, onRequest: produces(JSON_TYPE) },
    ({ query: { from, to } }, reply) =>
      respond(
        reply,
        pipe(
          treeOf(parts),
          TE.filterOrElse(
            () => from <= to,
            (): Refusal => ({ problem: parameterProblem('from', 'must not be greater than to') }),
          ),
          TE.filterOrElse(({ tree }) => to <= tree.size(), notFound(`there is no tree of ${to} events yet`)),
          TE.map(({ tree }) => {
            typed(reply, JSON_TYPE).header('cache-control', FOR_EVER)
            return JSON.stringify({ from, to, path: consistencyProof(tree, from, to).map(toBase64) })
          }),
        ),
      ),
  )

  app.get(
    '/log/tile/*',
    { schema: { ...TILE, params: TileParams, querystring: NoQuery }, onRequest: produces(BYTES_TYPE) },
    (request, reply) => respond(reply, pipe(treeOf(parts), TE.flatMap(tileAt(reply, request.params['*'])))),
  )

  const entriesAt = (reply: FastifyReply, path: string) => (served: ServedTree) =>
    pipe(
      TE.fromEither(existing(served, `entries/${path}`)),
      TE.flatMap(({ n, width }) =>
        pipe(
          () => entryBundle({ tree: served.tree, store: parts.store }, n, width),
          TE.mapLeft((failure) =>
            failure._tag === 'LeafMissing'
              ? notFound(`the event of leaf ${failure.index} is not in the log any more`)()
              : logRefusal(failure),
          ),
        ),
      ),
      TE.map((bundle) => bytesAnswer(reply, bundle)),
    )

  app.get(
    '/log/tile/entries/*',
    {
      schema: { ...ENTRIES, params: TileParams, querystring: NoQuery },
      onRequest: produces(BYTES_TYPE),
      config: { isExport: true },
    },
    (request, reply) => respond(reply, pipe(treeOf(parts), TE.flatMap(entriesAt(reply, request.params['*'])))),
  )
}

const TileParams = z.object({ '*': z.string().meta({ description: '`<N>` or `<N>.p/<W>`, as C2SP tlog-tiles says' }) })

const tileAt =
  (reply: FastifyReply, path: string) =>
  (served: ServedTree): TE.TaskEither<Refusal, Buffer> =>
    pipe(
      existing(served, path),
      E.flatMapNullable(
        ({ level, n, width }) =>
          level === 'entries' ? null : served.tree.tile({ level, n })?.subarray(0, width * HASH_BYTES),
        NO_TILE,
      ),
      E.map((tile) => bytesAnswer(reply, tile)),
      TE.fromEither,
    )

/** Refused where `path` names no tile, or one that the tree does not have, or not that far. */
const existing = ({ tree }: ServedTree, path: string): E.Either<Refusal, TilePath> =>
  pipe(
    parseTilePath(path),
    E.fromNullable(NO_TILE()),
    E.filterOrElse(
      ({ level, n, width }) => tileWidth({ level: level === 'entries' ? 0 : level, n }, tree.size()) >= width,
      NO_TILE,
    ),
  )

const bytesAnswer = (reply: FastifyReply, bytes: Uint8Array): Buffer => {
  typed(reply, BYTES_TYPE).header('cache-control', FOR_EVER)
  return Buffer.from(bytes)
}

const notFound = (detail: string) => (): Refusal => ({ problem: problem('not-found', detail) })

const NO_TILE = notFound('the tree has no such tile: C2SP tlog-tiles says how tiles are named')

const notSigned = (): Refusal => ({
  problem: problem('not-signed-yet', 'no checkpoint was signed yet: `serve --signing-key` signs them'),
})

const CHECKPOINT = documented({
  operationId: 'getCheckpoint',
  permission: 'reader',
  summary: 'The newest signed checkpoint of the log',
  description:
    'A signed note (C2SP tlog-checkpoint): the origin of the log, how many events it covers and the root of their tree. Anyone who stores it elsewhere can later check that nothing it covers was changed.',
  tag: 'log',
  answers: { 200: { description: 'The note', type: TEXT_TYPE, schema: z.string() } },
  problems: ['not-found', 'not-signed-yet'],
})

const CONSISTENCY = documented({
  operationId: 'getConsistency',
  permission: 'reader',
  summary: 'Proof that one tree of the log is a prefix of a later one',
  tag: 'log',
  answers: { 200: { description: 'The path', schema: ConsistencyAnswer } },
  problems: ['not-found'],
})

const TILE = documented({
  operationId: 'getTile',
  permission: 'reader',
  summary: 'A tile of the tree: up to 256 hashes of 32 bytes',
  description: 'The path after `/log/tile/` is `<L>/<N>`, with `.p/<W>` for a partial tile (C2SP tlog-tiles).',
  tag: 'log',
  answers: { 200: { description: 'The hashes, one after another', type: BYTES_TYPE, schema: z.string() } },
  problems: ['not-found'],
})

const ENTRIES = documented({
  operationId: 'getEntryTile',
  permission: 'auditor',
  summary: 'The leaves of a tile: up to 256, each after its length',
  description:
    'Anyone who holds all of them can check that no event of a run was left out. A leaf holds the commitments to the data and metadata of its event, not the data itself.',
  tag: 'log',
  answers: { 200: { description: 'The leaves, as an entry bundle', type: BYTES_TYPE, schema: z.string() } },
  problems: ['not-found'],
})

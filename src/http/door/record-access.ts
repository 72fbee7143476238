/** The lines of the access log that requests leave behind. */
import type { FastifyReply, FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import type { Principal } from '../../access/principal.ts'
import type { AccessLog } from '../../access-log/access-log.ts'
import type { RequestFields } from '../../access-log/line.ts'
import { type Problem, problem } from '../../api/problems.ts'
import { principalOf } from '../request/authorization.ts'
import { notesOf } from '../request/request-log.ts'
import { problemError } from '../response/problem-error.ts'
import { POSITION } from '../response/response-headers.ts'
import { rowsOf } from './access-notes.ts'
import { maskedQuery } from './masked-query.ts'

declare module 'fastify' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: only an interface can be extended
  interface FastifyContextConfig {
    /** The answer hands out much of the log: it begins only once a line of the access log says so, on the disk. */
    isExport?: boolean
  }
}

export type RecordAccess = Readonly<{
  /** Why a request must not be served now; null where it may. */
  refusalOf: (request: FastifyRequest) => Problem | null
  /** Before an export begins. */
  beforeAnswer: preHandlerAsyncHookHandler
  /** To be called once for each request, when it is over. */
  over: (request: FastifyRequest, reply: FastifyReply) => void
}>

/** `isRequired`: nothing is served while lines cannot be written. */
export const recordAccess = (log: AccessLog, isRequired: boolean): RecordAccess => {
  /** How much the connections of exports had sent when they began. */
  const begun = new WeakMap<FastifyRequest, number>()
  return {
    refusalOf: ({ raw }) => (isRequired && log.isFailing() && raw.url !== '/healthz' ? UNAVAILABLE : null),
    beforeAnswer: async (request, reply) => {
      if (request.routeOptions.config.isExport !== true) return
      begun.set(request, request.raw.socket.bytesWritten)
      const written = await log.writeSynced({ kind: 'begin', ...fieldsOf(request, reply), status: null })
      if (written._tag === 'Left') throw problemError(UNAVAILABLE)
    },
    over: (request, reply) => {
      const before = begun.get(request)
      const kind = before === undefined ? 'request' : 'end'
      const aborted = reply.raw.writableEnded ? undefined : ({ aborted: true } as const)
      const fields = fieldsOf(request, reply)
      const bytes = fields.bytes ?? (before === undefined ? null : request.raw.socket.bytesWritten - before)
      log.write({ kind, ...fields, bytes, ...aborted })
    },
  }
}

const fieldsOf = (request: FastifyRequest, reply: FastifyReply): RequestFields => {
  const { run_id = null, problem: refused = null } = notesOf(request) ?? {}
  const position = reply.getHeader(POSITION)
  const principal = principalOf(request)
  return {
    principal: principal?.name ?? null,
    credential: principal === null ? null : credentialOf(principal),
    method: request.method,
    // Where no route matches, the address itself is not stored: anything may stand in it.
    route: request.routeOptions.url ?? 'none',
    run_id: run_id ?? pathParameter(request, 'run_id'),
    query: maskedQuery(request.url, (name) => parametersOf(request).has(name)),
    status: reply.raw.statusCode,
    problem: refused,
    rows: rowsOf(request),
    bytes: bytesOf(reply),
    position: typeof position === 'string' ? position : null,
    request_id: request.id,
  }
}

/** What the credential is, without its secret. */
const credentialOf = ({ key_id, session }: Principal): string => {
  if (session !== null) return `session:${session.session_id}`
  return key_id === null ? 'token' : `key:${key_id}`
}

const pathParameter = ({ params }: FastifyRequest, name: string): string | null => {
  const value = (params as Readonly<Record<string, unknown>> | undefined)?.[name]
  return typeof value === 'string' ? value.slice(0, LONGEST_ID) : null
}

const LONGEST_ID = 128

/** The parameters that the route knows, by the schema of its query. */
const parametersOf = ({ routeOptions }: FastifyRequest): ReadonlySet<string> => {
  const schema = routeOptions.schema?.querystring as object | undefined
  if (schema === undefined) return NONE
  const names = known.get(schema) ?? new Set(namesIn(schema))
  known.set(schema, names)
  return names
}

const NONE: ReadonlySet<string> = new Set()
const known = new WeakMap<object, ReadonlySet<string>>()

/** zod keeps the fields of an object as `shape`, and the schemas before and after a transformation as `in` and `out`. */
const namesIn = (schema: Readonly<{ shape?: object; in?: object; out?: object }>): readonly string[] =>
  schema.shape !== undefined
    ? Object.keys(schema.shape)
    : [schema.in, schema.out].flatMap((part) => (part === undefined ? [] : namesIn(part)))

/** Null for an answer that is made while it is sent. */
const bytesOf = ({ raw }: FastifyReply): number | null => {
  const length = raw.getHeader('content-length')
  return length === undefined ? null : Number(length)
}

export const UNAVAILABLE = problem(
  'access-log-unavailable',
  'the access log cannot be written now, and this must not be served without it',
)

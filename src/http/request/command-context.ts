/** What the request says of a command, whatever it asks: who, under which key, when it was received. */
import type { FastifyRequest } from 'fastify'
import { newId } from '../../lib/new-id.ts'
import type { CommandContext } from '../../run/commands.ts'
import type { Time } from '../../run/time.ts'
import { recorderOf } from './authorization.ts'
import { correlationIdOf } from './request-log.ts'

/** The headers of every command, as they were read. */
export type CommandHeadersRead = Readonly<{
  'idempotency-key'?: string | undefined
  'run-ledger-actor'?: string | undefined
  traceparent?: string | undefined
}>

/** Of a run that is not known yet. */
export type RequestContext = Omit<CommandContext, 'run_id' | 'expected_revision'>

/** `key`: the command id, which is new where there is none. */
export const requestContext = (
  request: FastifyRequest,
  headers: CommandHeadersRead,
  received_at: Time,
  key: string | undefined = headers['idempotency-key'],
): RequestContext => {
  const command_id = key ?? newId()
  const { actor, recorded_by } = recorderOf(request)
  return {
    command_id,
    command_id_is_new: key === undefined,
    actor: headers['run-ledger-actor'] ?? actor,
    recorded_by,
    correlation_id: correlationIdOf(request) ?? command_id,
    traceparent: headers.traceparent,
    received_at,
  }
}

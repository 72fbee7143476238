/** The errors that `BatchAppend` answers inside its messages: google.rpc.Status of Status.cs. */
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { Status as RpcStatus } from '@eventstore/db-client/generated/status_pb.js'
import statusPb from '@eventstore/db-client/generated/status_pb.js'
import { status as code } from '@grpc/grpc-js'
import type { Message } from 'google-protobuf'
import anyPb from 'google-protobuf/google/protobuf/any_pb.js'
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js'
import { ANY, NO_STREAM, STREAM_EXISTS } from '../records.ts'
import { identifierOf } from '../wire.ts'
import type { RpcError } from './rpc-errors.ts'

export type { RpcStatus }

export const accessDeniedStatus = (): RpcStatus =>
  statusOf(code.PERMISSION_DENIED, 'AccessDenied', new sharedPb.AccessDenied())

export const timeoutStatus = (): RpcStatus => statusOf(code.DEADLINE_EXCEEDED, 'Timeout', new sharedPb.Timeout())

export const streamDeletedStatus = (stream: string): RpcStatus =>
  statusOf(code.NOT_FOUND, 'StreamDeleted', new sharedPb.StreamDeleted().setStreamIdentifier(identifierOf(stream)))

export const tooLargeStatus = (bytes: number): RpcStatus =>
  statusOf(
    code.INVALID_ARGUMENT,
    'MaximumAppendSizeExceeded',
    new sharedPb.MaximumAppendSizeExceeded().setMaxappendsize(bytes),
  )

export const badRequestStatus = (why: string): RpcStatus =>
  statusOf(code.INVALID_ARGUMENT, 'BadRequest', new sharedPb.BadRequest().setMessage(why))

/** WrongExpectedVersion.cs, Create. */
export const wrongVersionStatus = (current: number, expected: number): RpcStatus => {
  const wrong = new sharedPb.WrongExpectedVersion()
  if (current < 0) wrong.setCurrentNoStream(new emptyPb.Empty())
  else wrong.setCurrentStreamRevision(String(current))
  if (expected === ANY) wrong.setExpectedAny(new emptyPb.Empty())
  else if (expected === NO_STREAM) wrong.setExpectedNoStream(new emptyPb.Empty())
  else if (expected === STREAM_EXISTS) wrong.setExpectedStreamExists(new emptyPb.Empty())
  else wrong.setExpectedStreamPosition(String(expected))
  return statusOf(code.ALREADY_EXISTS, 'WrongExpectedVersion', wrong)
}

/** What other calls answer as an RpcException: a timeout has its own status, `NotHandled` is an empty one with text. */
export const failedStatus = (error: RpcError): RpcStatus =>
  error.code === code.ABORTED ? timeoutStatus() : statusOf(code.OK, error.details, new emptyPb.Empty())

const statusOf = (value: code, message: string, details: Message): RpcStatus => {
  const any = new anyPb.Any()
  any.pack(details.serializeBinary(), typeNames.get(details.constructor) ?? 'google.protobuf.Empty')
  return new statusPb.Status()
    .setCode(value as number)
    .setMessage(message)
    .setDetails(any)
}

const typeNames = new Map<unknown, string>([
  [sharedPb.AccessDenied, 'event_store.client.AccessDenied'],
  [sharedPb.Timeout, 'event_store.client.Timeout'],
  [sharedPb.StreamDeleted, 'event_store.client.StreamDeleted'],
  [sharedPb.MaximumAppendSizeExceeded, 'event_store.client.MaximumAppendSizeExceeded'],
  [sharedPb.BadRequest, 'event_store.client.BadRequest'],
  [sharedPb.WrongExpectedVersion, 'event_store.client.WrongExpectedVersion'],
])

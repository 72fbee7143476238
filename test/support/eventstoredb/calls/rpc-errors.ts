/** The gRPC errors of EventStoreDB, from its RpcExceptions.cs and the names in Constants.cs. */
import { Metadata, status } from '@grpc/grpc-js'

export type RpcError = Readonly<{ code: status; details: string; metadata: Metadata }>

export const accessDenied = (): RpcError =>
  rpcError(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' })

/** AuthenticationMiddleware.cs. */
export const unauthenticated = (): RpcError => rpcError(status.UNAUTHENTICATED, 'Unauthenticated', {})

export const notLeader = (host: string, port: number): RpcError =>
  rpcError(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': host,
    'leader-endpoint-port': String(port),
  })

export const noLeaderInfo = (): RpcError => rpcError(status.UNKNOWN, 'No leader info available in response', {})

export const notReady = (): RpcError => rpcError(status.UNAVAILABLE, 'Server Is Not Ready', {})

export const tooBusy = (): RpcError => rpcError(status.UNAVAILABLE, 'Server Is Too Busy', {})

export const timedOut = (why: string): RpcError => rpcError(status.ABORTED, `Operation timed out: ${why}`, {})

export const streamDeleted = (stream: string): RpcError =>
  rpcError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  })

export const wrongExpectedVersion = (operation: string, stream: string, expected: number, actual: number): RpcError =>
  rpcError(
    status.FAILED_PRECONDITION,
    `${operation} failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${actual}`,
    {
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': String(expected),
      'actual-version': String(actual),
    },
  )

export const maximumAppendSizeExceeded = (bytes: number): RpcError =>
  rpcError(status.INVALID_ARGUMENT, `Maximum Append Size of ${bytes} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(bytes),
  })

export const requiredMetadataMissing = (property: string): RpcError =>
  rpcError(status.INVALID_ARGUMENT, `Required Metadata Property '${property}' is missing`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  })

export const invalidArgument = (what: string): RpcError => rpcError(status.INVALID_ARGUMENT, what, {})

export const unknownError = (what: string): RpcError => rpcError(status.UNKNOWN, what, {})

const rpcError = (code: status, details: string, entries: Readonly<Record<string, string>>): RpcError => {
  const metadata = new Metadata()
  // Names of streams may hold what a header may not; .NET sends them as they are, Node refuses to.
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value.replace(/[^\x20-\x7e]/g, '?'))
  return { code, details, metadata }
}

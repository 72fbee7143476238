/** What an error of a gRPC call means. */

/** What every ended call comes with: gRPC's status, EventStoreDB's own word in its metadata (RpcExceptions.cs). */
export type GrpcError = Readonly<{
  code: number
  details: string
  metadata?: Readonly<{ get: (name: string) => readonly unknown[] }>
}>

/** gRPC's status codes, https://grpc.io/docs/guides/status-codes. */
export const CODE = {
  cancelled: 1,
  unknown: 2,
  deadlineExceeded: 4,
  permissionDenied: 7,
  unimplemented: 12,
  /** A connection that broke under the call may come as this. */
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

export const grpcErrorOf = (error: unknown): GrpcError => {
  if (error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error)
    return error as unknown as GrpcError
  // Not of a call: the client found no node to call.
  return {
    code: CODE.unavailable,
    details: `${NEVER_SENT[0]}: ${error instanceof Error ? error.message : String(error)}`,
  }
}

export const timedOut = (within: number): GrpcError => ({
  code: CODE.deadlineExceeded,
  details: `no answer within ${within} ms`,
})

/** EventStoreDB's own name of what went wrong, where it gave one. */
export const exceptionOf = (error: GrpcError): string | null => {
  const name = error.metadata?.get('exception')[0]
  return name === undefined ? null : String(name)
}

export const isAccessDenied = (error: GrpcError): boolean =>
  error.code === CODE.permissionDenied || error.code === CODE.unauthenticated || exceptionOf(error) === 'access-denied'

// grpc-js, load-balancer-pick-first.js, internal-channel.js and resolver-dns.js: no call of these left this process.
const NEVER_SENT = [
  'No connection established',
  'Channel closed before call started',
  'Name resolution failed',
] as const

export const wasNeverSent = ({ code, details }: GrpcError): boolean =>
  code === CODE.unavailable && NEVER_SENT.some((beginning) => details.startsWith(beginning))

/** Whether the same read may succeed when made again: of another node, over another connection, a moment later. */
export const mayPass = (error: GrpcError): boolean => !isAccessDenied(error) && error.code !== CODE.unimplemented

/** For people and logs; holds no credentials. */
export const detailOf = (error: GrpcError): string => {
  if (isAccessDenied(error))
    return 'EventStoreDB denies access: check the user and the password in --event-store, and what that user may do'
  if (exceptionOf(error) === 'not-leader') return 'EventStoreDB is choosing another leader'
  return `EventStoreDB: ${error.details}`
}

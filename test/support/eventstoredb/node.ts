/** What the calls of one stand-in share: its log, its users, its place in the cluster, its faults. */
import type { Metadata } from '@grpc/grpc-js'
import type { Access } from './access.ts'
import { noLeaderInfo, notLeader, notReady, type RpcError } from './calls/rpc-errors.ts'
import type { Faults } from './faults.ts'
import type { Log } from './log.ts'

export type Endpoint = Readonly<{ host: string; port: number }>

/** ClusterVNodeController.cs: what a node is to its cluster. */
export type Role =
  | Readonly<{ _tag: 'Leader' }>
  /** Forwards writes to the leader, unless the client insists on a leader: then it sends the client there. */
  | Readonly<{ _tag: 'Follower'; leader: Endpoint | null }>
  /** Sends every writer to the leader. */
  | Readonly<{ _tag: 'ReadOnlyReplica'; leader: Endpoint | null }>
  /** There is no leader now. */
  | Readonly<{ _tag: 'Electing' }>

export type Member = Readonly<{ id: string; endpoint: Endpoint; role: Role; alive: boolean }>

export type Node = Readonly<{
  log: Log
  access: Access
  faults: Faults
  role: () => Role
  members: () => readonly Member[]
  /** Of the node, as it reports it. */
  version: string
  /** Bytes; the server's `MaxAppendSize`. */
  maxAppendSize: number
  /** In ms: how long the answer of a write waits for its replication. */
  commitTimeout: number
  /** Cuts the connection whose other end is at `peer`. */
  cut: (peer: string) => void
  /** False once it has ended: what was under way then does nothing more. */
  running: () => boolean
  /** Ends the node, as its process would. */
  crash: () => void
  /** After each stored append of a client. */
  appended: () => void
}>

/** Why a node of this role does not take a call at all: HandleAsNonLeader and DenyRequestBecauseNotReady. */
export const refusal = (node: Node, metadata: Metadata, kind: 'read' | 'write'): RpcError | null => {
  const role = node.role()
  if (role._tag === 'Leader') return null
  if (role._tag === 'Electing') return notReady()
  // ServiceBase.cs, GetRequiresLeader.
  const mustLead = metadata.get('requires-leader')[0]?.toString().toLowerCase() === 'true'
  if (!mustLead && (kind === 'read' || role._tag === 'Follower')) return null
  return role.leader === null ? noLeaderInfo() : notLeader(role.leader.host, role.leader.port)
}

/** Whether the server of this version, `22.10.5` say, is at least `minimum`. */
export const atLeast = (version: string, minimum: string): boolean =>
  version.localeCompare(minimum, 'en', { numeric: true }) >= 0

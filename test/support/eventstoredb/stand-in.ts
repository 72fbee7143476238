/** A server that speaks EventStoreDB's protocol over a real socket, for tests: not durable, not replicated, obedient. */
import { randomUUID } from 'node:crypto'
import gossipServices from '@eventstore/db-client/generated/gossip_grpc_pb.js'
import featuresServices from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import streamsServices from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { insecureAccess, secureAccess, type User } from './access.ts'
import { appendCall } from './calls/append-call.ts'
import { batchAppendCall } from './calls/batch-append-call.ts'
import { deleteCall, tombstoneCall } from './calls/delete-calls.ts'
import { featuresCall, gossipCall } from './calls/node-calls.ts'
import { readCall } from './calls/read-call.ts'
import type { Certificates } from './certificates.ts'
import { createFaults, type Faults } from './faults.ts'
import { type Log, openLog, systemEvent } from './log.ts'
import { openLogFile } from './log-file.ts'
import type { Endpoint, Member, Node, Role } from './node.ts'
import { ANY, NO_STREAM } from './records.ts'
import { openDoor, openGate, type WayIn } from './ways-in.ts'

export type StandInOptions = Readonly<{
  /** 0, the default, picks one. */
  port?: number
  /** Without a gate it is faster, and only its process can be frozen. */
  gate?: boolean
  /** A directory for its events; without one they live in memory, and still outlive `restart`. */
  data?: string
  /** The log of another node of its cluster. */
  log?: Log
  /** With certificates it speaks TLS and asks who calls, as a secure node does; `users` may. */
  certificates?: Certificates
  users?: readonly User[]
  /** What it says it is: `23.10.6`. */
  version?: string
  /** Bytes of data of one append; 1 MiB. */
  maxAppendSize?: number
  /** In ms; the server's `CommitTimeoutMs` of 2 s. */
  commitTimeout?: number
  /** A statistics event of the system follows every so many appends (100). */
  systemEventEvery?: number
  /** The nodes of its cluster; itself alone if not given. */
  members?: () => readonly Member[]
}>

export type StandIn = Readonly<{
  id: string
  endpoint: Endpoint
  /** For a client's connection string. */
  address: string
  log: () => Log
  faults: Faults
  role: () => Role
  setRole: (role: Role) => void
  running: () => boolean
  /** Cuts every connection. */
  cut: () => void
  /** Takes connections and bytes, and does nothing, as a stopped process. */
  freeze: () => void
  thaw: () => void
  /** Ends at once, as if killed: answers under way are lost, connections are refused. */
  stop: () => Promise<void>
  /** Comes back at the same port with its data. */
  start: () => Promise<void>
  /** An event of the server's own. */
  appendSystemEvent: () => void
}>

export const startStandIn = async (options: StandInOptions = {}): Promise<StandIn> => {
  const host = '127.0.0.1'
  const faults = createFaults()
  const id = randomUUID()
  let file = options.data === undefined ? null : openLogFile(options.data)
  let log = options.log ?? openLog(file ?? { stored: [], store: () => {} })
  let server: Server | null = null
  let way: WayIn | null = null
  let current: Life | null = null
  let role: Role = { _tag: 'Leader' }
  let port = options.port ?? 0
  let appends = 0

  const members = () => [{ id, endpoint: { host, port }, role, alive: true }]
  const appendSystemEvent = () => {
    log.append(`$stats-${host}:${port}`, ANY, [systemEvent('$statsCollected', Buffer.from(STATISTICS))])
  }
  const nodeOf = (life: Life): Node => ({
    log,
    access: options.certificates === undefined ? insecureAccess : secureAccess(() => log, options.users ?? []),
    faults,
    role: () => role,
    members: options.members ?? members,
    version: options.version ?? '23.10.6',
    maxAppendSize: options.maxAppendSize ?? 1024 * 1024,
    commitTimeout: options.commitTimeout ?? 2_000,
    cut: (peer) => way?.cut(peer),
    running: () => life === current,
    crash: () => void stop(),
    appended: () => {
      if (++appends % (options.systemEventEvery ?? 100) === 0) appendSystemEvent()
    },
  })
  const start = async () => {
    if (server !== null) return
    if (options.data !== undefined && file === null) {
      file = openLogFile(options.data)
      log = openLog(file)
    }
    log.forgetEventIds()
    current = {}
    server = serverOf(nodeOf(current))
    const credentials = credentialsOf(options.certificates)
    if (options.gate === false) {
      const { injectConnection } = server.createConnectionInjector(credentials)
      way = await openDoor(host, port, injectConnection)
    } else {
      way = await openGate(host, port, await bind(server, credentials))
    }
    port = way.port
    writeFirstEvents(log, `$stats-${host}:${port}`)
  }
  const stop = async () => {
    const [ending, closing] = [server, way]
    server = null
    way = null
    current = null
    await closing?.shut()
    ending?.forceShutdown()
    file?.close()
    file = null
  }
  await start()

  return {
    id,
    endpoint: { host, port },
    address: `esdb://${host}:${port}?tls=${options.certificates !== undefined}`,
    log: () => log,
    faults,
    role: () => role,
    setRole: (next) => {
      role = next
    },
    running: () => server !== null,
    cut: () => way?.cut(),
    freeze: () => way?.freeze(),
    thaw: () => way?.thaw(),
    stop,
    start,
    appendSystemEvent,
  }
}

/** Stands for the time from a start to the next stop. */
type Life = object

const serverOf = (node: Node): Server => {
  const server = new Server({
    // ClusterVNodeStartup.cs, MaxReceiveMessageSize; what an append may have less than that is refused by name.
    'grpc.max_receive_message_length': 16 * 1024 * 1024,
    // ClusterNode/Program.cs, KeepAlivePingDelay and KeepAlivePingTimeout, 10 s each.
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 10_000,
  })
  server.addService(STREAMS, {
    read: readCall(node),
    append: appendCall(node),
    batchAppend: batchAppendCall(node),
    delete: deleteCall(node),
    tombstone: tombstoneCall(node),
  })
  server.addService(featuresServices.ServerFeaturesService, { getSupportedMethods: featuresCall(node) })
  server.addService(gossipServices.GossipService, { read: gossipCall(node) })
  return server
}

/** The package's service, whose read takes an event as the bytes that its record keeps. */
const STREAMS = {
  ...streamsServices.StreamsService,
  read: {
    ...streamsServices.StreamsService.read,
    responseSerialize: (response: ReadResp | Buffer) =>
      Buffer.isBuffer(response) ? response : Buffer.from(response.serializeBinary()),
  },
}

const credentialsOf = (certificates: Certificates | undefined): ServerCredentials =>
  certificates === undefined
    ? ServerCredentials.createInsecure()
    : ServerCredentials.createSsl(null, [
        { private_key: Buffer.from(certificates.key), cert_chain: Buffer.from(certificates.certificate) },
      ])

const bind = (server: Server, credentials: ServerCredentials): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error === null ? resolve(port) : reject(error)))
  })

/** What a new database has before its first user comes, and the metadata of the statistics (MonitoringService.cs). */
const writeFirstEvents = (log: Log, statistics: string): void => {
  // EpochManager.cs, WriteEpochInformationWithRetry: one at every start of a leader; readers of `$all` never see it.
  log.append('$epoch-information', ANY, [systemEvent('$epoch-information', Buffer.from('{}'))])
  for (const loginName of ['admin', 'ops']) {
    log.append(`$user-${loginName}`, NO_STREAM, [
      systemEvent('$UserCreated', Buffer.from(JSON.stringify({ loginName }))),
    ])
  }
  log.append(`$$${statistics}`, NO_STREAM, [systemEvent('$metadata', Buffer.from('{"$maxAge":864000}'))])
}

const STATISTICS = JSON.stringify({ 'proc-mem': 100_000_000, 'es-checksum': 1 })

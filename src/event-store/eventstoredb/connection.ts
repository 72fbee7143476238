/** The connection to EventStoreDB: calls go through the client's own channel, and a connection that is no good is left. */
import { EventStoreDBClient } from '@eventstore/db-client'
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import { addressVia, nodesOf } from './address.ts'
import { fast } from './messages/fast.ts'
import type { AppendReply, ReadAnswer } from './messages/messages.ts'

/** A call whose answers come one by one. */
export type Answers<Answer> = Readonly<{
  on: {
    (event: 'data', listener: (answer: Answer) => void): unknown
    (event: 'error', listener: (error: Error) => void): unknown
    (event: 'end', listener: () => void): unknown
  }
  pause: () => unknown
  resume: () => unknown
  cancel: () => void
}>

export type ReadCall = Answers<ReadAnswer>
/** Takes requests as they go over the wire. */
export type BatchAppendCall = Answers<AppendReply> & Readonly<{ write: (request: Buffer) => boolean }>

/** One client with its channel. A rejection says that no node was found: nothing was sent. */
export type Link = Readonly<{
  /** `withBytes`: events come with their `bytes`. */
  read: (request: ReadReq, withBytes?: boolean) => Promise<ReadCall>
  batchAppend: () => Promise<BatchAppendCall>
  /** `unknown` where the server does not tell. */
  serverVersion: () => Promise<string>
}>

type StreamsClient = InstanceType<typeof streamsGrpc.StreamsClient>

type OpenLink = Link &
  Readonly<{
    /** The node that it is connected to or, before that, the one that is asked for the leader. */
    node: () => string
    closeChannel: () => void
    /** Cancels what is under way, and closes the channel. */
    dispose: () => Promise<void>
  }>

export type Connection = Readonly<{
  link: () => Link
  /** `link` failed or did not answer: later calls go over a new connection. Calls under way end by themselves. */
  leave: (link: Link) => void
  /** Cancels what is under way. */
  close: () => Promise<void>
}>

/** Throws where the client cannot use `address`: a certificate that cannot be read. Connects at the first call. */
export const connect = (address: string): Connection => {
  // In the order in which they are asked for the leader; in any order at first, so that many ledgers do not all ask one.
  let nodes = nodesOf(address)
    .map((node) => ({ node, rank: Math.random() }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ node }) => node)
  let generation = 0
  let since = Date.now()
  const open = (): OpenLink => {
    const [asked = ''] = nodes
    return linkOf(clientOf(addressVia(address, asked), generation), asked)
  }
  let link = open()
  return {
    link: () => link,
    leave: (failed) => {
      // What failed together leaves together, and a node that is away is not asked more often than this.
      if (failed !== link || Date.now() - since < RENEW_AFTER / nodes.length) return
      link.closeChannel()
      const silent = link.node()
      nodes = [...nodes.filter((node) => node !== silent), ...nodes.filter((node) => node === silent)]
      generation += 1
      since = Date.now()
      link = open()
    },
    close: async () => {
      await link.dispose()
    },
  }
}

const RENEW_AFTER = 200

/**
 * Channels to one address share their connection while their options are equal (grpc-js, subchannel-pool.js): a dead
 * one, or one in a backoff of up to two minutes, would be used again. So every generation has a keep-alive of its own.
 */
const clientOf = (address: string, generation: number): EventStoreDBClient => {
  const keepAlive = LEAST_KEEP_ALIVE + (generation % 1_000)
  const client = EventStoreDBClient.connectionString(
    `${address}${address.includes('?') ? '&' : '?'}keepAliveInterval=${keepAlive}`,
  )
  return withQuietErrors(client)
}

/**
 * A call that fails while the client looks for a node waits for what it finds, and nobody handles that it finds none
 * (its Client/index.js, handleError): the process would end. The caller that asked for the node gets the error.
 */
const withQuietErrors = (client: EventStoreDBClient): EventStoreDBClient => {
  const handleError = client['handleError']
  client['handleError'] = (failed, error) => handleError(failed, error).catch(() => undefined)
  return client
}

// The client warns on the console below this, in ms.
const LEAST_KEEP_ALIVE = 10_000

/**
 * The client's own appends and reads are not used. They rewrite JSON and parse it into numbers that may lose digits,
 * and what is stored must stay byte for byte; the appends under way of all clients of a process stand in one table,
 * and an error of any stream rejects them all (its batchAppend.js, promiseBank). Its protected ways to the channel give
 * this adapter calls of its own, with the client's discovery, leader, TLS and credentials.
 */
const linkOf = (client: EventStoreDBClient, asked: string): OpenLink => {
  const argumentsOf = () => client['callArguments']({ requiresLeader: true }, { deadline: Number.POSITIVE_INFINITY })
  let channel: ReturnType<StreamsClient['getChannel']> | null = null
  let closed = false
  const use = (streams: StreamsClient): void => {
    channel = streams.getChannel()
    if (closed) channel.close()
  }
  return {
    read: (request, withBytes = false) =>
      client['GRPCStreamCreator'](streamsGrpc.StreamsClient, 'read', (streams) => {
        use(streams)
        const { path, requestSerialize } = READ
        const answerOf = withBytes ? fast.readAnswerWithBytesOf : fast.readAnswerOf
        return streams.makeServerStreamRequest(path, requestSerialize, answerOf, request, ...argumentsOf())
      })(),
    batchAppend: () =>
      client['GRPCStreamCreator'](streamsGrpc.StreamsClient, 'batchAppend', (streams) => {
        use(streams)
        return streams.makeBidiStreamRequest(BATCH_APPEND.path, asItIs, fast.appendReplyOf, ...argumentsOf())
      })(),
    serverVersion: async () => {
      use(await client['getGRPCClient'](streamsGrpc.StreamsClient, 'serverVersion'))
      return (await client['capabilities']).serverVersion
    },
    node: () => channel?.getTarget().replace(/^dns:\/*/, '') ?? asked,
    // Calls under way go on; the connection goes when they have ended.
    closeChannel: () => {
      closed = true
      channel?.close()
    },
    dispose: async () => {
      await client.dispose()
      closed = true
      channel?.close()
    },
  }
}

const { read: READ, batchAppend: BATCH_APPEND } = streamsGrpc.StreamsService

const asItIs = (request: Buffer): Buffer => request

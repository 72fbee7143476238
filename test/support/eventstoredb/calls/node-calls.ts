/** What a node says of itself: `GetSupportedMethods` (ServerFeatures.cs) and its cluster's gossip (Gossip.Read.cs). */
import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js'
import gossipPb from '@eventstore/db-client/generated/gossip_pb.js'
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js'
import featuresPb from '@eventstore/db-client/generated/serverfeatures_pb.js'
import type { Empty } from '@eventstore/db-client/generated/shared_pb.js'
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js'
import type { Operation } from '../faults.ts'
import type { Node, Role } from '../node.ts'
import { uuidMessage } from '../wire.ts'
import { failures } from '../writes.ts'

export const featuresCall = (node: Node) => answering(node, 'features', supportedMethods)

export const gossipCall = (node: Node) => answering(node, 'gossip', clusterInfo)

/** Anybody may ask, with or without a password (OverrideAnonymousEndpointAccessForGossip). */
const answering =
  <A>(node: Node, operation: Operation, answer: (node: Node) => A) =>
  (call: ServerUnaryCall<Empty, A>, reply: sendUnaryData<A>): void => {
    const misdeed = node.faults.take(operation)
    switch (misdeed?._tag) {
      case 'Hang':
        return
      case 'Cut':
        node.cut(call.getPeer())
        return
      case 'Fail':
        reply(failures[misdeed.failure]())
        return
      case 'Delay':
        void delay(misdeed.ms).then(() => reply(null, answer(node)))
        return
      default:
        reply(null, answer(node))
    }
  }

const supportedMethods = (node: Node): SupportedMethods => {
  const answer = new featuresPb.SupportedMethods().setEventStoreServerVersion(node.version)
  for (const [service, method, features] of METHODS) {
    const supported = new featuresPb.SupportedMethod().setServiceName(service).setMethodName(method)
    answer.addMethods(supported.setFeaturesList([...features]))
  }
  return answer
}

/** Names in lower case, as the server sends them. */
const METHODS: readonly (readonly [service: string, method: string, features: readonly string[]])[] = [
  ['event_store.client.streams.streams', 'read', ['position', 'events']],
  ['event_store.client.streams.streams', 'append', []],
  ['event_store.client.streams.streams', 'batchappend', ['deadline_duration']],
  ['event_store.client.streams.streams', 'delete', []],
  ['event_store.client.streams.streams', 'tombstone', []],
  ['event_store.client.gossip.gossip', 'read', []],
  ['event_store.client.server_features.serverfeatures', 'getsupportedmethods', []],
]

const clusterInfo = (node: Node): ClusterInfo => {
  const answer = new gossipPb.ClusterInfo()
  for (const { id, endpoint, role, alive } of node.members()) {
    const member = new gossipPb.MemberInfo()
      .setInstanceId(uuidMessage(id, undefined))
      .setTimeStamp(`${Date.now()}0000`)
      .setState(stateOf(role))
      .setIsAlive(alive)
      .setHttpEndPoint(new gossipPb.EndPoint().setAddress(endpoint.host).setPort(endpoint.port))
    answer.addMembers(member)
  }
  return answer
}

/** MemberInfo.VNodeState of gossip.proto. */
const stateOf = (role: Role): number => ({ Electing: 2, Follower: 6, Leader: 8, ReadOnlyReplica: 14 })[role._tag]

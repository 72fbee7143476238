/** Several stand-ins that are one cluster: they share a log, so replication takes no time, and one of them leads. */
import { openLog } from './log.ts'
import type { Role } from './node.ts'
import { type StandIn, type StandInOptions, startStandIn } from './stand-in.ts'

export type Cluster = Readonly<{
  nodes: readonly StandIn[]
  /** For a client that asks the nodes by gossip which one leads. */
  address: string
  /** Makes a node the leader; with null there is none until the next election. */
  elect: (leader: StandIn | null) => void
  stop: () => Promise<void>
}>

/** `size` nodes; the first one leads. */
export const startCluster = async (
  size: number,
  options: Omit<StandInOptions, 'data' | 'log'> = {},
): Promise<Cluster> => {
  const log = openLog({ stored: [], store: () => {} })
  const nodes: StandIn[] = []
  const members = () =>
    nodes.map((node) => ({ id: node.id, endpoint: node.endpoint, role: node.role(), alive: node.running() }))
  for (let left = size; left > 0; left--) nodes.push(await startStandIn({ ...options, log, members }))
  const elect = (leader: StandIn | null) => {
    const others: Role = leader === null ? { _tag: 'Electing' } : { _tag: 'Follower', leader: leader.endpoint }
    for (const node of nodes) node.setRole(node === leader ? { _tag: 'Leader' } : others)
  }
  elect(nodes[0] ?? null)
  const hosts = nodes.map(({ endpoint }) => `${endpoint.host}:${endpoint.port}`).join(',')
  return {
    nodes,
    address: `esdb://${hosts}?tls=${options.certificates !== undefined}`,
    elect,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

/** What the tree over the log costs, and how fast it proves: beside the same program with no tree, and at ten million leaves. */
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { positionText } from '../src/event-store/event-store.ts'
import { consistencyProof, inclusionProof } from '../src/trust/tree/proofs.ts'
import type { TreeStore } from '../src/trust/tree/tree-store.ts'
import { type Bench, type Benchmark, type Figure, inTurn } from './measure.ts'
import type { Load } from './programs/load.ts'
import { loanLines } from './support/data.ts'
import { inFreshDirectory } from './support/fresh-directory.ts'
import { largeTree, openedTree } from './support/large-tree.ts'
import { load, MAIN, runToEnd, serveArgs, withServer } from './support/processes.ts'
import { CREATE } from './support/requests.ts'

const LEAVES = 10_000_000
const PROOFS = 20_000
const CONNECTIONS = 64

export const trust: Benchmark = {
  name: 'trust',
  run: async (bench) => [...(await costs(bench)), ...(await proofs(bench))],
}

/** Where a file that is no tree stands in its place, the ledger goes on without one. */
const withoutTree = (directory: string): void => writeFileSync(join(directory, 'tree.db'), 'no tree')

const costs = async (bench: Bench): Promise<readonly Figure[]> => {
  const file = await loanLines(bench)
  const served = (prepare: (directory: string) => void) => () =>
    inFreshDirectory(bench, (directory) => {
      prepare(directory)
      return withServer(MAIN, serveArgs(directory), post(bench))
    })
  const imported = (prepare: (directory: string) => void) => () =>
    inFreshDirectory(bench, async (directory) => {
      prepare(directory)
      return (await runToEnd(MAIN, 'import', file, '--data', directory, '--json')).seconds
    })
  const { on, off, importing, bare } = await inTurn(bench, {
    on: served(() => undefined),
    off: served(withoutTree),
    importing: imported(() => undefined),
    bare: imported(withoutTree),
  })
  return [
    {
      name: 'POST /runs with the tree',
      unit: 'requests/s',
      ours: on.map(({ perSecond }) => perSecond),
      against: { what: 'without a tree', values: off.map(({ perSecond }) => perSecond) },
      goal: { of: 'ratio', is: 'at least', limit: 0.95 },
    },
    {
      name: 'import of the loan applications with the tree',
      unit: 's',
      ours: importing,
      against: { what: 'without a tree', values: bare },
      goal: { of: 'ratio', is: 'at most', limit: 1.15 },
    },
  ]
}

const post =
  ({ warmUpSeconds, seconds }: Bench) =>
  ({ url }: { url: string }): Promise<Load> =>
    load({ url, connections: CONNECTIONS, warmUpSeconds, seconds, requests: [CREATE] })

const proofs = async (bench: Bench): Promise<readonly Figure[]> => {
  const leaves = bench.quick ? LEAVES / 100 : LEAVES
  const path = largeTree(bench, leaves)
  const { inclusion, consistency } = await inTurn(bench, {
    inclusion: async () => measured(path, (tree) => prove(tree, leaves)),
    consistency: async () => measured(path, (tree) => compare(tree, leaves)),
  })
  const goal = (limit: number) => ({ of: 'value', is: 'at most', limit }) as const
  return [
    { name: 'proof of an event: p99', unit: 'ms', ours: inclusion.map(({ p99 }) => p99), against: null, goal: goal(2) },
    { name: 'proof of an event: median', unit: 'ms', ours: inclusion.map(({ p50 }) => p50), against: null, goal: null },
    {
      name: 'consistency of two trees: slowest',
      unit: 'ms',
      ours: consistency.map(({ slowest }) => slowest),
      against: null,
      goal: goal(5),
    },
    {
      name: 'consistency of two trees: p99',
      unit: 'ms',
      ours: consistency.map(({ p99 }) => p99),
      against: null,
      goal: null,
    },
    {
      name: `tiles and positions of ${leaves.toLocaleString('en')} leaves`,
      unit: 'MiB',
      ours: [statSync(path).size / 1024 / 1024],
      against: null,
      goal: goal(400_000_000 / 1024 / 1024),
    },
  ]
}

const anyBelow = (limit: number): number => Math.floor(Math.random() * limit)

/** As the route does it: the index by the event's position, then the path. */
const prove = (tree: TreeStore, leaves: number): void => {
  const index = tree.indexAt(positionText(1 + anyBelow(leaves)))
  if (index === null || inclusionProof(tree, index, leaves).length < 10) throw new Error('no proof')
}

const compare = (tree: TreeStore, leaves: number): void => {
  const [one, other] = [1 + anyBelow(leaves), 1 + anyBelow(leaves)]
  consistencyProof(tree, Math.min(one, other), Math.max(one, other))
}

type Times = Readonly<{ p50: number; p99: number; slowest: number }>

const measured = (path: string, work: (tree: TreeStore) => void): Times => {
  const tree = openedTree(path, 'read')
  for (let n = 0; n < 200; n += 1) work(tree)
  const times = Array.from({ length: PROOFS }, () => {
    const began = performance.now()
    work(tree)
    return performance.now() - began
  }).sort((one, other) => one - other)
  tree.close()
  const at = (share: number) => times[Math.floor(share * (times.length - 1))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), slowest: at(1) }
}

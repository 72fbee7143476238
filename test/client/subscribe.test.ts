import { expect, test } from 'vitest'
import { type ClientProblem, createClient, type Entry, type Result } from '../../src/client/client.ts'
import { cuttingProxy } from '../support/network/cutting-proxy.ts'
import { serverForAll, serverForTest } from '../support/network/http-server.ts'

const server = serverForAll()

/** The first `count` of them; leaving the loop ends the subscription. */
const first = async (count: number, entries: AsyncGenerator<Result<Entry>>): Promise<readonly Entry[]> => {
  const came: Entry[] = []
  for await (const entry of entries) {
    if (entry._tag === 'Left') throw new Error(JSON.stringify(entry.left))
    came.push(entry.right)
    if (came.length === count) break
  }
  return came
}

test('it goes on where it was, however often and wherever the connection is cut', async () => {
  const created: string[] = []
  for (let n = 0; n < 20; n += 1) created.push(await server.current().create({ run_group_id: 'cut' }))
  // An Entry here takes about 900 bytes: each connection gets no further than some of them, and ends inside one.
  const proxy = await cuttingProxy(server.current().port, [100, 2_000, 7_000, 3_000])
  const troubles: ClientProblem[] = []
  const positions: string[] = []
  const { streamEntries } = createClient({ url: proxy.url })
  const came = await first(
    20,
    streamEntries(
      { from: 'start', run_group_id: 'cut' },
      { onTrouble: (problem) => troubles.push(problem), onPosition: (position) => positions.push(position) },
    ),
  )
  expect(came.map(({ run_id }) => run_id)).toEqual(created)
  expect(troubles.map(({ _tag }) => _tag)).toEqual(Array(4).fill('network-failure'))
  expect(proxy.connections()).toBe(5)
  // The first was told before any Entry, the last Entry was not handled to its end.
  expect(positions.filter((position) => position !== positions[0])).toEqual(
    came.slice(0, -1).map(({ position }) => position),
  )
}, 60_000)

test('from the head, nothing is missed that comes while the very first connection is broken', async () => {
  const proxy = await cuttingProxy(server.current().port, [700])
  const { streamEntries } = createClient({ url: proxy.url })
  let connected = () => {}
  const isConnected = new Promise<void>((resolve) => {
    connected = resolve
  })
  const coming = first(2, streamEntries({ run_group_id: 'head' }, { onPosition: connected }))
  await isConnected
  const created = [
    await server.current().create({ run_group_id: 'head', input_data: { text: 'x'.repeat(1_000) } }),
    await server.current().create({ run_group_id: 'head' }),
  ]
  expect((await coming).map(({ run_id }) => run_id)).toEqual(created)
})

test('a refusal for good is the last that comes, a passing one is told and tried again', async () => {
  const refused: unknown[] = []
  const { streamEntries } = createClient({ url: server.current().url })
  for await (const entry of streamEntries({ from: 'yesterday' })) refused.push(entry)
  expect(refused).toMatchObject([{ _tag: 'Left', left: { _tag: 'malformed-request' } }])

  const full = await serverForTest({ limits: { eventStreams: 0 } })
  const ending = new AbortController()
  const troubles: ClientProblem[] = []
  const onTrouble = (problem: ClientProblem) => {
    troubles.push(problem)
    ending.abort()
  }
  const nothing = createClient({ url: full.url }).streamEntries({}, { signal: ending.signal, onTrouble })
  expect(await nothing.next()).toEqual({ done: true, value: undefined })
  expect(troubles).toMatchObject([{ _tag: 'too-many-streams' }])
})

test('the signal ends it while it waits', async () => {
  const ending = new AbortController()
  const { streamEntries } = createClient({ url: server.current().url })
  const waiting = streamEntries({ actor: 'nobody' }, { signal: ending.signal, onPosition: () => ending.abort() })
  expect(await waiting.next()).toEqual({ done: true, value: undefined })
})

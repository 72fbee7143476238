/** `POST /runs` over 64 connections with a key, beside the same without credentials. */
import { type Bench, type Benchmark, inTurn } from './measure.ts'
import type { Load } from './programs/load.ts'
import { inFreshDirectory } from './support/fresh-directory.ts'
import { load, MAIN, runToEnd, serveArgs, withServer } from './support/processes.ts'
import { CREATE } from './support/requests.ts'

const CONNECTIONS = 64

export const postRunsWithKey: Benchmark = {
  name: 'post-runs-with-key',
  run: async (bench) => {
    const { withKey, open } = await inTurn(bench, {
      withKey: () =>
        inFreshDirectory(bench, async (directory) => {
          const key = await firstKey(directory)
          return post(bench, directory, { authorization: `Bearer ${key}` })
        }),
      open: () => inFreshDirectory(bench, (directory) => post(bench, directory, {})),
    })
    return [
      {
        name: 'POST /runs with a key',
        unit: 'requests/s',
        ours: withKey.map(({ perSecond }) => perSecond),
        against: { what: 'the same without credentials', values: open.map(({ perSecond }) => perSecond) },
        goal: { of: 'ratio', is: 'at least', limit: 0.9 },
      },
    ]
  },
}

const firstKey = async (directory: string): Promise<string> => {
  const issue = ['keys', 'issue', '--name', 'bench', '--role', 'admin,writer', '--data', directory]
  return (await runToEnd(MAIN, ...issue)).stdout.trim()
}

const post = (
  { warmUpSeconds, seconds }: Bench,
  directory: string,
  headers: Readonly<Record<string, string>>,
): Promise<Load> =>
  withServer(MAIN, serveArgs(directory), ({ url }) =>
    load({ url, connections: CONNECTIONS, warmUpSeconds, seconds, requests: [{ ...CREATE, headers }] }),
  )

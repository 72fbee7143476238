/**
 * A page of runs as the read model answers it and as the bare SQL does, in one process and without HTTP:
 * `node list-in-process.ts <job as JSON>` prints the ms that each took.
 */
import { openReadModel } from '../../src/read-model/open.ts'
import type { RunQuery } from '../../src/read-model/read-model.ts'
import { type ListFloorOptions, listFloor } from '../floors/list-runs-sql.ts'

/** `seconds`: for each of the four. */
export type InProcessJob = ListFloorOptions & Readonly<{ seconds: number }>

type Times = Readonly<Record<'page 1' | 'page 100', number>>
export type InProcess = Readonly<{ ours: Times; floor: Times }>

const main = async (job: InProcessJob): Promise<InProcess> => {
  const { readModel, seconds, status, limit, after } = job
  const opened = await openReadModel({ path: readModel })()
  if (opened._tag === 'Left') throw new Error(opened.left._tag)
  const floor = listFloor(job)
  const query: RunQuery = { status: [status], sort: '-created_at', limit, count: false }
  const deep: RunQuery = { ...query, after }
  const listed = async (asked: RunQuery) => (await opened.right.listRuns(asked)())._tag
  const answer = {
    ours: {
      'page 1': await msOf(seconds, () => listed(query)),
      'page 100': await msOf(seconds, () => listed(deep)),
    },
    floor: {
      'page 1': await msOf(seconds, async () => floor.firstPage()),
      'page 100': await msOf(seconds, async () => floor.deepPage()),
    },
  }
  floor.close()
  await opened.right.close()
  return answer
}

/** How long `work` takes each time, in ms; the first half warms up. */
const msOf = async (seconds: number, work: () => Promise<unknown>): Promise<number> => {
  let begin = performance.now()
  const middle = begin + seconds * 500
  const end = begin + seconds * 1000
  let times = 0
  let warm = false
  for (let now = begin; now < end; now = performance.now()) {
    if (!warm && now >= middle) {
      warm = true
      begin = now
      times = 0
    }
    await work()
    times += 1
  }
  return (performance.now() - begin) / times
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as InProcessJob)))

/** How many appends a second, with so many in flight at any moment. */

export type AppendsJob = Readonly<{
  address: string
  /** Each measured for itself, in this order. */
  inFlight: readonly number[]
  warmUpSeconds: number
  seconds: number
}>

/** Appends a second, by how many were in flight. */
export type Rates = Readonly<Record<string, number>>

/** Streams that appends go to in turn, none of them twice at once: their states are all warm. */
export const STREAMS = 512

/** `append` appends one event to the stream of that number. */
export const ratesOf = async (job: AppendsJob, append: (stream: number) => Promise<void>): Promise<Rates> => {
  const rates: Record<string, number> = {}
  for (const inFlight of job.inFlight) rates[inFlight] = await rateOf(job, inFlight, append)
  return rates
}

const rateOf = async (
  { warmUpSeconds, seconds }: AppendsJob,
  inFlight: number,
  append: (stream: number) => Promise<void>,
): Promise<number> => {
  const begin = performance.now() + warmUpSeconds * 1000
  const end = begin + seconds * 1000
  let appended = 0
  const work = async (first: number): Promise<void> => {
    for (let stream = first; ; stream = stream + inFlight < STREAMS ? stream + inFlight : first) {
      await append(stream)
      const now = performance.now()
      if (now >= end) return
      if (now >= begin) appended += 1
    }
  }
  await Promise.all(Array.from({ length: inFlight }, (_, first) => work(first)))
  return appended / seconds
}

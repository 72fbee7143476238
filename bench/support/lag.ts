/** How far the read model is behind the log, read from the files beside the server, so that it costs the server nothing. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Lag in events, at some ms after the beginning. */
export type Sample = Readonly<{ at: number; lag: number }>

const EVERY_MS = 100

/** Samples the lag of the ledger in `directory` until stopped. */
export const watchLag = (directory: string): { stop: () => readonly Sample[] } => {
  const log = new DatabaseSync(join(directory, 'events.db'), { readOnly: true })
  const tables = new DatabaseSync(join(directory, 'read-model.db'), { readOnly: true })
  const head = log.prepare('SELECT max(position) AS position FROM events')
  const checkpoint = tables.prepare('SELECT min(position) AS position FROM projections')
  const began = performance.now()
  const samples: Sample[] = []
  const timer = setInterval(() => {
    const projected = Number(checkpoint.get()?.position ?? 0)
    const lag = Number(head.get()?.position ?? 0) - projected
    samples.push({ at: performance.now() - began, lag })
  }, EVERY_MS)
  return {
    stop: () => {
      clearInterval(timer)
      log.close()
      tables.close()
      return samples
    },
  }
}

/** How fast the lag grows, in events a second: the slope of the line that fits `samples` best. */
export const growthOf = (samples: readonly Sample[]): number => {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const at = mean(samples.map((sample) => sample.at))
  const lag = mean(samples.map((sample) => sample.lag))
  const spread = samples.reduce((sum, sample) => sum + (sample.at - at) ** 2, 0)
  return (samples.reduce((sum, sample) => sum + (sample.at - at) * (sample.lag - lag), 0) / spread) * 1000
}

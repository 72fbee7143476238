/** The command lines that benchmarks take in: a real bank's loan applications where they are at hand, else made-up ones. */
import { createReadStream, createWriteStream, existsSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { constants, createGunzip, createGzip } from 'node:zlib'
import type { Bench } from '../measure.ts'
import { madeUpLines } from './made-up-runs.ts'

/** A quick run takes only the first lines. */
const QUICK_LINES = 8_000

/**
 * The path of gzipped NDJSON: the file that RUN_LEDGER_LOAN_DATA names, or the loan applications beside the repository,
 * or made-up ones, also where the variable is empty. With `times`, each run as often, under as many ids.
 */
export const loanLines = async (bench: Bench, times = 1): Promise<string> => {
  const given = process.env.RUN_LEDGER_LOAN_DATA ?? (existsSync(BESIDE) ? fileURLToPath(BESIDE) : '')
  const whole = given === '' ? await made(bench, 'made-up', () => madeUpLines()) : given
  const source = bench.quick ? await made(bench, `quick-${digest(whole)}`, () => linesOf(whole, QUICK_LINES)) : whole
  return times === 1 ? source : made(bench, `${times}-times-${digest(source)}`, () => multiplied(source, times))
}

/** The lines of a gzipped file, at most `limit`. */
export async function* linesOf(
  path: string,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<string, void, undefined> {
  const lines = createInterface({
    input: createReadStream(path).pipe(createGunzip()),
    crlfDelay: Number.POSITIVE_INFINITY,
  })
  let count = 0
  for await (const line of lines) {
    if (count >= limit) return
    count += 1
    yield line
  }
}

const BESIDE = new URL('../../../shared/data/loan-runs.ndjson.gz', import.meta.url)

const made = async (
  bench: Bench,
  name: string,
  lines: () => Iterable<string> | AsyncIterable<string>,
): Promise<string> => {
  const path = join(bench.cache, `${name}.ndjson.gz`)
  if (existsSync(path)) return path
  bench.say(`makes ${name}.ndjson.gz`)
  await pipeline(
    Readable.from(inChunks(lines())),
    createGzip({ level: constants.Z_BEST_SPEED }),
    createWriteStream(`${path}.new`),
  )
  renameSync(`${path}.new`, path)
  return path
}

async function* inChunks(lines: Iterable<string> | AsyncIterable<string>) {
  let chunk = ''
  for await (const line of lines) {
    chunk += `${line}\n`
    if (chunk.length < 65_536) continue
    yield chunk
    chunk = ''
  }
  yield chunk
}

/** Every line `times` times, one after another, each for a run of its own. */
async function* multiplied(path: string, times: number) {
  for await (const line of linesOf(path))
    for (let copy = 0; copy < times; copy += 1) yield line.replace(RUN_ID, (id) => `${id}.${copy}`)
}

const RUN_ID = /(?<="run_id":")[^"]+/

/** Tells one version of a file from another. */
const digest = (path: string): string => {
  const { size, mtimeMs } = statSync(path)
  return `${size.toString(36)}-${Math.round(mtimeMs).toString(36)}`
}

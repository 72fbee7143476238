/** `run-ledger import --ledger FILE`: takes the stored events of an export into another store. */
import { right } from 'fp-ts/lib/Either.js'
import type { LedgerConfig } from '../../config.ts'
import type { Moved } from '../../transfer/import-ledger.ts'
import type { Source } from '../../transfer/source.ts'
import { AGAIN, lagging, tellSilence, tellTrouble } from '../importing.ts'
import type { OpenLedger } from '../open-ledger.ts'
import type { CommonOptions } from '../options.ts'
import { EXIT, failed, type Outcome, usageFailure } from '../outcome.ts'
import {
  count,
  counted,
  type Interruption,
  interruption,
  progressBar,
  remark,
  say,
  sayJson,
  statusOf,
} from '../terminal.ts'
import { boundYoungGeneration } from '../young-generation.ts'

/** A file is read to its end before the first event is stored; standard input can only be looked at as it comes. */
export const importLedgerFile = async (file: string, options: CommonOptions): Promise<Outcome> => {
  const { ledgerConfigOf } = await import('../../config.ts')
  const config = ledgerConfigOf(options)
  if (config._tag === 'Left') return usageFailure(config.left)
  const { checkFiles } = await import('../file-safety.ts')
  const safe = checkFiles(config.right, { inputs: [file] })
  if (safe._tag === 'Left') return safe
  const refused = file === '-' ? null : await checked(file)
  return refused ?? moveInto(config.right, file, options)
}

/** Null where the file is whole. */
const checked = async (file: string): Promise<Outcome | null> => {
  const [{ checkLedgerFile }, { manifestFault }] = await Promise.all([
    import('../../transfer/ledger-reader.ts'),
    import('../../transfer/manifest.ts'),
  ])
  return withSource(file, async (source) => {
    const fault = await manifestFault(file)
    if (fault !== null) return failed(EXIT.refused, `nothing was imported: ${file} is damaged: ${fault}`)
    const whole = await checkLedgerFile(source)
    return whole._tag === 'Right' ? null : failed(EXIT.refused, `nothing was imported: ${file}, ${faultOf(whole.left)}`)
  })
}

const faultOf = ({ line, detail }: Readonly<{ line: number | null; detail: string }>): string =>
  line === null ? detail : `line ${line}: ${detail}`

const withSource = async <Result>(
  file: string,
  work: (source: Source) => Promise<Result>,
): Promise<Result | Outcome> => {
  const { openSource } = await import('../../transfer/source.ts')
  const source = await openSource(file)
  if (source._tag === 'Left') return failed(EXIT.usage, source.left.detail)
  const result = await work(source.right)
  source.right.close()
  return result
}

const moveInto = (config: LedgerConfig, file: string, options: CommonOptions): Promise<Outcome> =>
  withSource(file, async (source) => {
    const { openLedger } = await import('../open-ledger.ts')
    const opened = await openLedger(config, { log: tellTrouble })
    if (opened._tag === 'Left') return opened
    // Until here nothing is under way that a signal could not end at once.
    const stop = interruption()
    const outcome = await move(opened.right, source, stop, options)
    await opened.right.close()
    stop.release()
    return outcome
  })

const move = async (
  opened: OpenLedger,
  source: Source,
  stop: Interruption,
  options: CommonOptions,
): Promise<Outcome> => {
  const [{ importLedger }, { caughtUp }] = await Promise.all([
    import('../../transfer/import-ledger.ts'),
    import('../open-ledger.ts'),
  ])
  const started = performance.now()
  const bar = await progressBar('Importing', source.size)
  const boundMemory = boundYoungGeneration()
  const { signal } = stop
  const onSilence = tellSilence(bar)
  const moved = await importLedger(source, opened.store, {
    onProgress: (bytes) => {
      bar.update(bytes)
      boundMemory()
    },
    onSilence,
    signal,
  })
  bar.stop()
  const lag = moved.end._tag === 'Complete' ? await caughtUp(opened, { onSilence, signal }) : null
  const seconds = Math.round(performance.now() - started) / 1000
  if (options.json) sayJson({ ...moved.counts, seconds })
  else say(summaryOf(moved.counts, seconds))
  if (moved.counts.displaced > 0)
    remark(`${counted(moved.counts.displaced, 'event')} of other runs stand in another order than in the file`)
  if (lag !== null) return lagging(lag, stop)
  return outcomeOf(moved, stop)
}

const summaryOf = ({ events, stored, repeated }: Moved['counts'], seconds: number): string =>
  `${counted(events, 'event')} in ${seconds.toFixed(1)} s: ${count(stored)} stored, ${count(repeated)} repeated`

const outcomeOf = ({ end, counts }: Moved, stop: Interruption): Outcome => {
  const after = `stopped after ${counted(counts.events, 'event')}`
  switch (end._tag) {
    case 'Complete':
      return right(EXIT.done)
    case 'Interrupted':
      return failed(statusOf(stop.by() ?? 'SIGINT'), after, AGAIN)
    case 'FileRefused':
      return failed(EXIT.refused, `${after}: ${faultOf(end)}`, 'import the whole file to go on')
    case 'StoreNotEmpty':
      return failed(
        EXIT.refused,
        `${after}: this is not an empty ledger: ${end.detail}`,
        'import into an empty one, or into what an interrupted import of the same file left',
      )
    case 'StoreLost':
      return failed(EXIT.store, `${after}: the store failed: ${end.detail}`, AGAIN)
    default:
      return end satisfies never
  }
}

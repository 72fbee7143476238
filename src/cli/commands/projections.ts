/** `run-ledger projections status|rebuild|retry`: the state and the upkeep of the read model. */
import type { Command } from 'commander'
import { right } from 'fp-ts/lib/Either.js'
import type { LedgerConfig } from '../../config.ts'
import type { Projector, ProjectorOptions } from '../../read-model/projector/projector.ts'
import type { ProjectionStatus, QuarantinedRun } from '../../read-model/read-model.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../options.ts'
import { type Ending, EXIT, failed, type Outcome, usageFailure } from '../outcome.ts'
import { count, type Progress, progressBar, say, sayJson, shown } from '../terminal.ts'

type RetryOptions = CommonOptions & Readonly<{ all?: boolean }>

export const addProjections = (program: Command, ending: Ending): void => {
  const projections = program.command('projections').description('Show, rebuild and mend the read model')
  const status = projections.command('status').description('How far the read model is, and which runs it cannot read')
  withJson(withLedgerOptions(status))
    .addHelpText('after', examples('run-ledger projections status --data ./ledger'))
    .action(ending((options: CommonOptions) => withConfig(options, showStatus)))

  const rebuild = projections.command('rebuild').description('Make the read model again from the log')
  withJson(withLedgerOptions(rebuild))
    .addHelpText(
      'after',
      `${examples('run-ledger projections rebuild --data ./ledger')}

A server keeps its read model for itself: restart it with \`run-ledger serve --rebuild\`, and it rebuilds while it serves.`,
    )
    .action(ending((options: CommonOptions) => withConfig(options, rebuildTables)))

  const retry = projections
    .command('retry')
    .description('Try runs again that could not be read')
    .argument('[run_id]', 'the run')
    .option('--all', 'every such run')
  withJson(withLedgerOptions(retry))
    .addHelpText(
      'after',
      examples(
        'run-ledger projections retry application-110042 --data ./ledger',
        'run-ledger projections retry --all --data ./ledger',
      ),
    )
    .action(
      ending(async (run_id: string | undefined, options: RetryOptions) =>
        (run_id === undefined) === (options.all === undefined)
          ? failed(EXIT.usage, 'name the run to retry, or give --all')
          : withConfig(options, (config) => retryRuns(config, options, run_id)),
      ),
    )
}

type Action = (config: LedgerConfig, options: CommonOptions) => Promise<Outcome>

const withConfig = async (options: CommonOptions, action: Action): Promise<Outcome> => {
  const { ledgerConfigOf } = await import('../../config.ts')
  const config = ledgerConfigOf(options)
  return config._tag === 'Left' ? usageFailure(config.left) : action(config.right, options)
}

const showStatus: Action = async (config, options) => {
  const [{ openLog, openTables }, { projectionStatus }] = await Promise.all([
    import('../open-ledger.ts'),
    import('../../read-model/queries/projection-status.ts'),
  ])
  const store = await openLog(config)
  if (store._tag === 'Left') return store
  const readModel = await openTables(config)
  if (readModel._tag === 'Left') {
    await store.right.close()
    return readModel
  }
  const statuses = await projectionStatus(readModel.right, store.right)
  await readModel.right.close()
  await store.right.close()
  if (options.json) sayJson({ data: statuses })
  else {
    const width = Math.max(...statuses.map(({ name }) => name.length))
    for (const status of statuses) for (const line of linesOf(status, width)) say(line)
  }
  return right(EXIT.done)
}

/** `width`: of the longest name. */
const linesOf = (status: ProjectionStatus, width: number): readonly string[] => [
  `${status.name.padEnd(width)} (version ${status.version}) is at position ${status.position}, ${lagOf(status)}${status.rebuilding ? ', being rebuilt' : ''}`,
  ...status.quarantined.map(quarantineLine),
]

const lagOf = ({ caught_up, lag_events, lag_seconds }: ProjectionStatus): string => {
  if (caught_up) return 'caught up'
  if (lag_events === null || lag_seconds === null) return 'and the log does not answer'
  return `${count(lag_events)} events behind, the oldest waiting for ${lag_seconds.toFixed(1)} s`
}

const quarantineLine = ({ run_id, revision, type, detail, since }: QuarantinedRun): string =>
  `  ${run_id} cannot be read from revision ${revision} on (${shown(`${type}: ${detail}`)}), since ${since}`

/** Runs `work` with the projector, in this process, and nobody else's. */
const withProjector = async (
  { eventStore, readModelPath: path }: LedgerConfig,
  starting: Pick<ProjectorOptions, 'rebuild' | 'onRebuilt'>,
  work: (projector: Projector) => Promise<Outcome>,
): Promise<Outcome> => {
  const [{ projectorFailure }, { startProjector }] = await Promise.all([
    import('../open-ledger.ts'),
    import('../../read-model/projector/projector.ts'),
  ])
  const projector = await startProjector({ eventStore, path, ...starting })()
  if (projector._tag === 'Right') {
    const outcome = await work(projector.right)
    await projector.right.stop()
    return outcome
  }
  const failure = projector.left
  if (failure._tag !== 'StoreInUse') return projectorFailure(failure)
  const who = failure.owner === null ? 'another process' : `process ${failure.owner.pid}`
  const advice = starting.rebuild
    ? 'stop it first, or restart it as `run-ledger serve --rebuild`'
    : 'stop it first: it tries again by itself when it starts'
  return failed(EXIT.store, `${failure.path} is in use by ${who}`, advice)
}

const projectorStopped = failed(EXIT.store, 'the projector ended before it was done: run the same command again')

const rebuildTables: Action = (config, options) =>
  withRebuildBar(config, (bar) =>
    withProjector(config, { rebuild: true, onRebuilt: bar.update }, async (projector) => {
      const rebuilt = await projector.rebuild()()
      bar.stop()
      if (rebuilt._tag === 'Left') return projectorStopped
      const { position, events, seconds } = rebuilt.right
      if (options.json) sayJson({ position, events, seconds })
      else say(`rebuilt from ${count(events)} events in ${seconds.toFixed(1)} s`)
      return right(EXIT.done)
    }),
  )

const withRebuildBar = async (config: LedgerConfig, use: (bar: Progress) => Promise<Outcome>): Promise<Outcome> => {
  const { eventsIn, openLog } = await import('../open-ledger.ts')
  const log = await openLog(config)
  if (log._tag === 'Left') return log
  const bar = await progressBar('Rebuilding', await eventsIn(log.right))
  await log.right.close()
  const outcome = await use(bar)
  bar.stop()
  return outcome
}

const retryRuns = async (
  config: LedgerConfig,
  options: CommonOptions,
  run_id: string | undefined,
): Promise<Outcome> => {
  const isMeant = (run: QuarantinedRun) => run_id === undefined || run.run_id === run_id
  // Looked up before: the start of the projector is a try already.
  const waiting = (await quarantinedIn(config)).filter(isMeant)
  return withProjector(config, {}, async (projector) => {
    const retried = await projector.retry(run_id === undefined ? 'all' : { run_id })()
    if (retried._tag === 'Left') return projectorStopped
    const quarantined = retried.right.quarantined.filter(isMeant)
    const unreadable = new Set(quarantined.map((run) => run.run_id))
    const recovered = waiting.map((run) => run.run_id).filter((id) => !unreadable.has(id))
    if (options.json) sayJson({ recovered, quarantined })
    else {
      for (const recoveredId of recovered) say(`${recoveredId} can be read again`)
      for (const run of quarantined) say(quarantineLine(run).trimStart())
      if (recovered.length + quarantined.length === 0) say('no such run is waiting: nothing to retry')
    }
    return right(quarantined.length === 0 ? EXIT.done : EXIT.refused)
  })
}

/** None where there is no read model yet: whoever opens it next is told what is wrong. */
const quarantinedIn = async (config: LedgerConfig): Promise<readonly QuarantinedRun[]> => {
  const { openTables } = await import('../open-ledger.ts')
  const readModel = await openTables(config)
  if (readModel._tag === 'Left') return []
  const quarantined = readModel.right.projections().flatMap((projection) => projection.quarantined)
  await readModel.right.close()
  return quarantined
}

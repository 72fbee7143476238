/** The command line as a whole: its subcommands, and how it ends. */

import { Command, CommanderError } from 'commander'
import { pipe } from 'fp-ts/lib/function.js'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { leaveSoonAfterSignal } from './interruption.ts'
import { examples } from './options/options.ts'
import { type CliFailure, type Ending, EXIT } from './outcome.ts'
import { READER_LEFT, remark, surviveBrokenOutput, takeOutputFailure } from './output/output.ts'
import type { Subcommand } from './subcommand.ts'

const SUBCOMMANDS: readonly Subcommand[] = [
  {
    usage: 'serve',
    description: 'Serve the HTTP API. Prints its address as its first line.',
    load: async () => (await import('./commands/serve.ts')).declareServe,
  },
  {
    usage: 'project',
    description: 'Project the log into the read model, without serving: for scaling apart from `serve --no-projector`.',
    load: async () => (await import('./commands/project.ts')).declareProject,
  },
  {
    usage: 'import <file>',
    description: 'Import commands, one a line (NDJSON, plain or gzip). Safe to repeat: nothing is stored twice.',
    load: async () => (await import('./commands/import.ts')).declareImport,
  },
  {
    usage: 'export',
    description: 'Write the ledger, or its audit trail, to a file or to standard output.',
    load: async () => (await import('./commands/export.ts')).declareExport,
  },
  {
    usage: 'runs',
    description: 'List runs, get one, now or as it was, its figures, and who set each field.',
    load: async () => (await import('./commands/runs.ts')).declareRuns,
  },
  {
    usage: 'diff <a> <b>',
    description: 'What differs between two runs, or two moments of one, and where their paths part.',
    load: async () => (await import('./commands/diff.ts')).declareDiff,
  },
  {
    usage: 'groups',
    description: 'Groups of runs with their figures, or the runs of one.',
    load: async () => (await import('./commands/groups.ts')).declareGroups,
  },
  {
    usage: 'policies',
    description: 'Policy versions with figures of their runs.',
    load: async () => (await import('./commands/policies.ts')).declarePolicies,
  },
  {
    usage: 'history <run_id>',
    description: 'The audit trail of one run: who changed what, when and why, oldest first.',
    load: async () => (await import('./commands/history.ts')).declareHistory,
  },
  {
    usage: 'replay <run_id>',
    description: 'Fold a run again, event by event: what each event changed, and the Run after it.',
    load: async () => (await import('./commands/history.ts')).declareReplay,
  },
  {
    usage: 'audit',
    description: 'The audit trail of all runs: who changed what, when and why, newest first.',
    load: async () => (await import('./commands/audit.ts')).declareAudit,
  },
  {
    usage: 'tail',
    description: 'Follow the audit trail live. Ctrl-C ends it.',
    load: async () => (await import('./commands/tail.ts')).declareTail,
  },
  {
    usage: 'verify',
    description: 'Read the whole log, fold it again, and compare every row of the read model. Changes nothing.',
    load: async () => (await import('./commands/verify.ts')).declareVerify,
  },
  {
    usage: 'backup',
    description: 'Copy the embedded log to one file, beside a server too, and check the copy.',
    load: async () => (await import('./commands/backup.ts')).declareBackup,
  },
  {
    usage: 'trust',
    description: 'Keys, signed checkpoints, and what they prove.',
    load: async () => (await import('./commands/trust/trust.ts')).declareTrust,
  },
  {
    usage: 'projections',
    description: 'Show, rebuild and repair the read model.',
    load: async () => (await import('./commands/projections.ts')).declareProjections,
  },
  {
    usage: 'demo',
    description: 'Fill a ledger with made-up credit decisions and serve it. A second start reuses what is there.',
    load: async () => (await import('./demo/demo.ts')).declareDemo,
  },
]

/** Runs the program; `argv` is as `process.argv` has it. Returns the exit status. */
export const runProgram = async (argv: readonly string[], version: string): Promise<number> => {
  surviveBrokenOutput()
  forgetEmptyVariables()
  const status = await statusOf(argv, version)
  process.exitCode = status
  leaveSoonAfterSignal()
  return withOutput(status)
}

/** An empty variable is one that is not set. */
const forgetEmptyVariables = (): void => {
  for (const [name, value] of Object.entries(process.env))
    if (name.startsWith('RUN_LEDGER_') && value === '') delete process.env[name]
}

const statusOf = async (argv: readonly string[], version: string): Promise<number> => {
  let status: number = EXIT.done
  const ending: Ending =
    (action) =>
    async (...given) => {
      status = await pipe(action(...given), TE.getOrElse(reported(given.at(-1))))()
    }
  try {
    const program = await programOf(argv[2], version, ending)
    await program.parseAsync(argv)
    return status
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version end this way too; anything else is a wrong call.
    return error.exitCode === 0 ? EXIT.done : EXIT.usage
  }
}

const programOf = async (called: string | undefined, version: string, ending: Ending): Promise<Command> => {
  const program = new Command('run-ledger')
    .description('An event-sourced ledger for runs: who changed what, when and why.')
    .version(version, '--version', 'print the version')
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')
    .addHelpText('after', EXAMPLES)
  for (const { usage, description, load } of SUBCOMMANDS) {
    const command = program.command(usage).description(description)
    if (command.name() === called) (await load())(command, ending)
  }
  return program
}

const EXAMPLES = `${examples(
  'run-ledger demo                          a ledger full of made-up credit decisions, served',
  'run-ledger serve --data ./ledger         the HTTP API on http://127.0.0.1:8080',
  'run-ledger import runs.ndjson.gz         import a file of commands',
  'run-ledger history loan-1                who changed what in a run, when and why',
  'run-ledger audit --actor alice           what one person did, over all runs',
  'run-ledger verify --data ./ledger        check the read model against the log',
)}

Exit status: 0 done, 1 something was refused or differs, 2 wrong usage, 3 the store cannot be reached or is in use.`

/** `command`: commander's last argument of an action. */
const reported =
  (command: unknown) =>
  ({ status, lines }: CliFailure): T.Task<number> => {
    for (const line of lines) remark(`run-ledger: ${command instanceof Command ? namedAsGiven(line, command) : line}`)
    return T.of(status)
  }

/** Names options whose values came from the environment by their variables. */
const namedAsGiven = (line: string, command: Command): string =>
  command.options.reduce(
    (text, option) =>
      option.envVar !== undefined && command.getOptionValueSource(option.attributeName()) === 'env'
        ? text.replaceAll(new RegExp(`${option.long}(?![\\w-])`, 'g'), option.envVar)
        : text,
    line,
  )

/** The exit status, given whether all that was printed could be written. */
const withOutput = async (status: number): Promise<number> => {
  const failure = await takeOutputFailure()
  if (failure === null || failure === READER_LEFT) return status
  remark(`run-ledger: standard output cannot be written (${failure}): what was printed is not complete`)
  return status === EXIT.done ? EXIT.refused : status
}

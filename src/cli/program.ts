/** The command line as a whole: how it is called, and how it ends. */
import { Command, CommanderError } from 'commander'
import { pipe } from 'fp-ts/lib/function.js'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { leaveSoonAfterSignal } from './interruption.ts'
import { examples } from './options/options.ts'
import { type CliFailure, type Ending, EXIT } from './outcome.ts'
import { READER_LEFT, remark, surviveBrokenOutput, takeOutputFailure } from './output/output.ts'
import { startPager } from './output/pager.ts'
import { SUBCOMMANDS } from './subcommands.ts'

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
      const isPaged = SUBCOMMANDS.some(({ usage, isPaged: paged }) => paged && nameOf(usage) === argv[2])
      const pager = isPaged ? startPager() : null
      status = await pipe(action(...given), TE.getOrElse(reported(given.at(-1))))()
      await pager?.end()
    }
  try {
    const words = called(argv.slice(2))
    const asked = words[0] === COMPLETE ? await import('./completion.ts') : null
    const program = await programOf(asked?.subcommandIn(words) ?? words[0], version, ending)
    if (asked !== null) asked.complete(program, words)
    else await program.parseAsync(words, { from: 'user' })
    return status
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version end this way too; anything else is a wrong call.
    return error.exitCode === 0 ? EXIT.done : EXIT.usage
  }
}

/** `help COMMAND` is `COMMAND --help`. */
const called = (words: readonly string[]): readonly string[] => {
  const [first, second] = words
  if (first !== 'help') return words
  const isKnown = second === undefined || SUBCOMMANDS.some(({ usage }) => nameOf(usage) === second)
  return isKnown ? [...words.slice(1), '--help'] : words.slice(1)
}

// What the scripts of `completion` call.
const COMPLETE = 'complete'

const nameOf = (usage: string): string => usage.split(' ', 1)[0] ?? ''

const programOf = async (loaded: string | undefined, version: string, ending: Ending): Promise<Command> => {
  const program = new Command('run-ledger')
    .description('An event-sourced ledger for runs: who changed what, when and why.')
    .version(version, '--version', 'print the version')
    .helpCommand('help [command]', 'Show how a subcommand is used.')
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')
    .addHelpText('after', EXAMPLES)
  for (const { usage, description, load } of SUBCOMMANDS) {
    const command = program.command(usage).description(description)
    if (command.name() === loaded) (await load())(command, ending)
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

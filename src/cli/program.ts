/** The command line as a whole: its subcommands, and how it ends. */
import { Command, CommanderError } from 'commander'
import { addAudit, addTail } from './commands/audit.ts'
import { addExport } from './commands/export.ts'
import { addHistory, addReplay } from './commands/history.ts'
import { addImport } from './commands/import.ts'
import { addProjections } from './commands/projections.ts'
import { addServe } from './commands/serve.ts'
import { addVerify } from './commands/verify.ts'
import { addDemo } from './demo/demo.ts'
import { examples } from './options.ts'
import { type Ending, EXIT, type Outcome } from './outcome.ts'
import { remark } from './terminal.ts'

/** Runs the program with `argv` as `process.argv` has it, and answers its exit status. */
export const runProgram = async (argv: readonly string[], version: string): Promise<number> => {
  let status: number = EXIT.done
  const ending: Ending =
    (action) =>
    async (...given) => {
      status = told(await action(...given))
    }
  const program = new Command('run-ledger')
    .description('An event-sourced ledger for runs: who changed what, when and why.')
    .version(version, '--version', 'print the version')
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')
    .addHelpText('after', EXAMPLES)
  const subcommands = [addServe, addImport, addHistory, addReplay, addAudit, addTail]
  for (const add of [...subcommands, addVerify, addProjections, addDemo]) add(program, ending)
  addExport(program, ending, version)
  try {
    await program.parseAsync(argv)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version end this way too; whatever else does is a wrong call.
    return error.exitCode === 0 ? EXIT.done : EXIT.usage
  }
  return status
}

const EXAMPLES = `${examples(
  'run-ledger demo                          a ledger full of made-up credit decisions, served',
  'run-ledger serve --data ./ledger         the HTTP API on http://127.0.0.1:8080',
  'run-ledger import runs.ndjson.gz         take in a file of commands',
  'run-ledger history loan-1                who changed what in a run, when and why',
  'run-ledger audit --actor alice           what somebody did, over all runs',
  'run-ledger verify --data ./ledger        check the read model against the log',
)}

Exit status: 0 done, 1 something was refused or differs, 2 wrong usage, 3 the store cannot be reached or is in use.`

const told = (outcome: Outcome): number => {
  if (outcome._tag === 'Right') return outcome.right
  for (const line of outcome.left.lines) remark(`run-ledger: ${line}`)
  return outcome.left.status
}

/** `run-ledger completion SHELL`, and what the script that it prints asks for on each press of the tab key. */

import { script } from '@bomb.sh/tab'
import tab from '@bomb.sh/tab/commander'
import type { Argument, Command } from 'commander'
import { examples } from './options/options.ts'
import { done } from './outcome.ts'
import { say } from './output/output.ts'
import type { Declare } from './subcommand.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

export const declareCompletion: Declare = (command, ending) => {
  // Declared with its argument in the list of subcommands; here with its values.
  ;(command.registeredArguments as Argument[])[0]?.choices(SHELLS)
  command
    .addHelpText(
      'after',
      examples(
        'run-ledger completion fish > ~/.config/fish/completions/run-ledger.fish',
        'source <(run-ledger completion bash)        # in ~/.bashrc',
        'source <(run-ledger completion zsh)         # in ~/.zshrc, after compinit',
      ),
    )
    .action(
      ending((shell: string) => {
        script(shell, 'run-ledger', 'run-ledger')
        return done
      }),
    )
}

/** The words of the command line that is being completed; `words` are `complete -- …`. */
const typed = (words: readonly string[]): readonly string[] => words.slice(words.indexOf('--') + 1)

/** The subcommand whose options are completed. */
export const subcommandIn = (words: readonly string[]): string | undefined => typed(words)[0]

/** Prints what may stand in place of the last word, for a script of `completion`. */
export const complete = (program: Command, words: readonly string[]): void => {
  const line = typed(words)
  if (isFile(program, line)) say(`:${COMPLETE_FILES}`)
  else tab(program, { completionCommandName: 'completion-script' }).parse([...line])
}

// The shell then completes names of files itself.
const COMPLETE_FILES = 0

/** Whether the last word is, or is the value of an option that is, the path of a file or of a directory. */
const isFile = (program: Command, line: readonly string[]): boolean => {
  const names = line.slice(0, -1).filter((word) => !word.startsWith('-'))
  const command = names.reduce<Command>(
    (parent, name) => parent.commands.find((child) => child.name() === name) ?? parent,
    program,
  )
  const [last = '', before = ''] = line.toReversed()
  const option = command.options.find(({ long, short }) => before !== '' && (long === before || short === before))
  if (option?.required || option?.optional) return PATHS.test(option.flags)
  return !last.startsWith('-') && command.registeredArguments.some((argument) => PATHS.test(`<${argument.name()}>`))
}

const PATHS = /<(file|dir)>/

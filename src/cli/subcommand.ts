/** One subcommand: its place in the list of all, and how its options are declared. */
import type { Command } from 'commander'
import type { Ending } from './outcome.ts'

/** Declares the options and the action of `command`. */
export type Declare = (command: Command, ending: Ending) => void

export type Subcommand = Readonly<{
  /** The name, and arguments as commander writes them. */
  usage: string
  description: string
  /** On a terminal its output goes through `$PAGER`. */
  isPaged?: boolean
  /** Loads the subcommand's module; only the one that is called is loaded. */
  load: () => Promise<Declare>
}>

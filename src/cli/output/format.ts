/** `-o`: how a reading subcommand prints what it found. */
import { type Command, Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { type UsageFailure, usageFailure, wholeNumberOf } from '../../config.ts'
import type { JsonOption } from '../options/options.ts'

export const FORMATS = ['table', 'json', 'ndjson', 'csv'] as const
export type Format = (typeof FORMATS)[number]

export type OutputOptions = JsonOption & Readonly<{ output?: Format }>

export type ListOptions = OutputOptions & Readonly<{ columns?: string; limit?: string }>

/** `-o`, and `--json`, which is `-o ndjson`. */
export const withOutput = (command: Command, formats: readonly Format[] = FORMATS): Command =>
  command
    .addOption(new Option('-o, --output <format>', 'what to print (default: table)').choices(formats))
    .option('--json', 'the same as -o ndjson')

/** What a list is printed as, and how much of it. */
export const withListOutput = (command: Command): Command =>
  withOutput(command)
    .option('--columns <names>', 'the columns of a table or of csv, with commas between; nested ones with dots')
    .option('--limit <n>', `at most this many (default: ${PAGE} in a table and in json, else all)`)

/** How many items a table and `json` show unless `--limit` says otherwise. */
export const PAGE = 50

export const formatOf = ({ output, json }: OutputOptions): E.Either<UsageFailure, Format> =>
  json === true && output !== undefined && output !== 'ndjson'
    ? E.left(usageFailure(`--json is -o ndjson: leave out one of --json and -o ${output}`))
    : E.right(output ?? (json === true ? 'ndjson' : 'table'))

/** Null where none is given. */
export const limitOf = (text: string | undefined): E.Either<UsageFailure, number | null> =>
  text === undefined ? E.right(null) : wholeNumberOf('--limit', text, { least: 1, most: 999_999_999 })

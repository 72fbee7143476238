/** Saved contexts: servers by name, each with the path of a token file. They hold no secrets. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import { FILE_MODE } from '../../transfer/sink.ts'
import { type CliFailure, cliFailure, EXIT } from '../outcome.ts'
import { suggestion } from '../output/nearby.ts'

export const ContextName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ - and start with a letter or digit')

const Context = z.strictObject({ url: z.string(), token_file: z.string().optional() })
export type Context = Readonly<z.output<typeof Context>>

/** `current` is the one that `context use` named; null for none. */
const Contexts = z.strictObject({ current: ContextName.nullable(), contexts: z.record(ContextName, Context) })
export type Contexts = Readonly<z.output<typeof Contexts>>

const NONE: Contexts = { current: null, contexts: {} }

/** As the XDG base directory specification has it: a relative path is ignored. */
export const contextsPath = ({ XDG_CONFIG_HOME: home = '' }: NodeJS.ProcessEnv = process.env): string =>
  join(home.startsWith('/') ? home : join(homedir(), '.config'), 'run-ledger', 'contexts.json')

/** None where there is no file. The failure is a file that cannot be read, or that is no file of contexts. */
export const readContexts = (path: string = contextsPath()): TE.TaskEither<CliFailure, Contexts> =>
  pipe(
    TE.tryCatch(
      () => readFile(path, 'utf8'),
      (error) => codeOf(error),
    ),
    TE.map((text) => Contexts.safeParse(jsonIn(text))),
    TE.matchE(
      (code) => (code === 'ENOENT' ? TE.right(NONE) : TE.left(unusable(path, `it cannot be read (${code})`))),
      (parsed) =>
        parsed.success
          ? TE.right(parsed.data)
          : TE.left(unusable(path, 'it is no file of contexts: correct it, or delete it')),
    ),
  )

/** The context of this name; the failure names those that exist. */
export const knownContext = ({ contexts }: Contexts, name: string): E.Either<CliFailure, Context> =>
  pipe(
    contexts[name],
    E.fromNullable(
      cliFailure(
        EXIT.usage,
        Object.keys(contexts).length === 0
          ? `there is no context ${name}: \`run-ledger context add ${name} --url …\` saves one`
          : `there is no context ${name}${suggestion(name, Object.keys(contexts)) || `: there are ${Object.keys(contexts).join(', ')}`}`,
      ),
    ),
  )

/** Replaces the file in one step; only its owner may read it. */
export const writeContexts = (contexts: Contexts, path: string = contextsPath()): TE.TaskEither<CliFailure, void> =>
  TE.tryCatch(
    async () => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const written = `${path}.${process.pid}.new`
      await writeFile(written, `${JSON.stringify(contexts, null, 2)}\n`, { mode: FILE_MODE })
      await rename(written, path)
    },
    (error) => unusable(path, `it cannot be written (${codeOf(error)})`),
  )

const unusable = (path: string, why: string): CliFailure => cliFailure(EXIT.usage, `${path}: ${why}`)

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)

/** Undefined for what is no JSON. */
const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `run-ledger context add|use|list|remove`: servers by name. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type UsageFailure, usageFailure } from '../../config.ts'
import { examples, type JsonOption, withJson } from '../options/options.ts'
import { type CliFailure, done, type Ending, type Outcome, ofUsage } from '../outcome.ts'
import { remark, say, sayJson } from '../output/output.ts'
import { ContextName, type Contexts, knownContext, readContexts, writeContexts } from '../reading/contexts.ts'
import { serverOf } from '../reading/place.ts'
import type { Declare } from '../subcommand.ts'

export const declareContext: Declare = (context, ending) => {
  declareAdd(context, ending)
  declareUse(context, ending)
  declareList(context, ending)
  declareRemove(context, ending)
}

type AddOptions = Readonly<{ url: string; tokenFile?: string }>

const declareAdd = (context: Command, ending: Ending): void => {
  context
    .command('add <name>')
    .description('Save a server under a name, or change one')
    .requiredOption('--url <address>', 'its address')
    .option('--token-file <file>', 'the file of the key or token to send; its path is saved, not what is in it')
    .addHelpText(
      'after',
      examples('run-ledger context add prod --url https://ledger.example --token-file ~/.ledger-token'),
    )
    .action(
      ending((name: string, options: AddOptions) =>
        pipe(
          contextOf(name, options),
          E.mapLeft(ofUsage),
          TE.fromEither,
          TE.flatMap((saved) =>
            changed(({ current, contexts }) => E.right({ current, contexts: { ...contexts, [name]: saved } })),
          ),
        ),
      ),
    )
}

const contextOf = (
  name: string,
  { url, tokenFile }: AddOptions,
): E.Either<UsageFailure, Contexts['contexts'][string]> =>
  pipe(
    ContextName.safeParse(name).success
      ? serverOf(url, tokenFile)
      : E.left(usageFailure(`the name of a context ${ContextName.safeParse(name).error?.issues[0]?.message}`)),
    E.map((server) => ({
      url: server.url.href,
      ...(tokenFile === undefined ? undefined : { token_file: resolve(tokenFile) }),
    })),
  )

const declareUse = (context: Command, ending: Ending): void => {
  context
    .command('use [name]')
    .description('Ask this server where nothing else says which ledger; without a name, none')
    .addHelpText('after', examples('run-ledger context use prod', 'run-ledger context use'))
    .action(
      ending((name: string | undefined) =>
        changed((saved) =>
          name === undefined
            ? E.right({ ...saved, current: null })
            : pipe(
                knownContext(saved, name),
                E.map(() => ({ ...saved, current: name })),
              ),
        ),
      ),
    )
}

const declareList = (context: Command, ending: Ending): void => {
  withJson(context.command('list').description('The saved contexts; * marks the one in use'))
    .addHelpText('after', examples('run-ledger context list'))
    .action(
      ending(
        ({ json }: JsonOption): Outcome =>
          pipe(
            readContexts(),
            TE.flatMap((saved) => {
              if (json) sayJson(saved)
              else sayContexts(saved)
              return done
            }),
          ),
      ),
    )
}

const sayContexts = ({ current, contexts }: Contexts): void => {
  const names = Object.keys(contexts).sort()
  if (names.length === 0) remark('run-ledger: there are no contexts: `run-ledger context add` saves one')
  const width = Math.max(0, ...names.map((name) => name.length))
  for (const name of names) {
    const { url, token_file } = contexts[name] ?? { url: '' }
    say(`${name === current ? '*' : ' '} ${name.padEnd(width)}  ${url}${token_file ? `  ${token_file}` : ''}`)
  }
}

const declareRemove = (context: Command, ending: Ending): void => {
  context
    .command('remove <name>')
    .description('Forget a context')
    .addHelpText('after', examples('run-ledger context remove prod'))
    .action(
      ending((name: string) =>
        changed((saved) =>
          pipe(
            knownContext(saved, name),
            E.map(() => {
              const { [name]: _, ...contexts } = saved.contexts
              return { current: saved.current === name ? null : saved.current, contexts }
            }),
          ),
        ),
      ),
    )
}

const changed = (change: (contexts: Contexts) => E.Either<CliFailure, Contexts>): Outcome =>
  pipe(
    readContexts(),
    TE.flatMapEither(change),
    TE.flatMap((contexts) => writeContexts(contexts)),
    TE.flatMap(() => done),
  )

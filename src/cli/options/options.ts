/** The options that subcommands share, with their environment variables. A flag overrides its variable. */
import { type Command, Option } from 'commander'
import type { LedgerOptions } from '../../config.ts'

export type JsonOption = Readonly<{ json?: boolean }>
export type CommonOptions = LedgerOptions & JsonOption

/** An option with an environment variable. */
export const withVariable = (flags: string, description: string, variable: string): Option =>
  new Option(flags, description).env(variable)

/** Where the ledger is. */
export const withLedgerOptions = (command: Command): Command =>
  command
    .addOption(
      withVariable(
        '--data <dir>',
        'the directory of events.db and read-model.db (default: ./run-ledger-data)',
        'RUN_LEDGER_DATA',
      ),
    )
    .addOption(
      withVariable(
        '--event-store <store>',
        'embedded:PATH, the file of the events, or esdb://HOST:PORT, an EventStoreDB',
        'RUN_LEDGER_EVENT_STORE',
      ),
    )
    .addOption(
      withVariable('--read-model <store>', 'sqlite:PATH or postgres://USER@HOST/DATABASE', 'RUN_LEDGER_READ_MODEL'),
    )
    .addOption(
      withVariable(
        '--stream-prefix <prefix>',
        'what the names of streams begin with (default: run-)',
        'RUN_LEDGER_STREAM_PREFIX',
      ),
    )
    .hook('preAction', (_, action) => {
      // `--data` names both stores: those that the environment names belong to another ledger.
      if (action.getOptionValueSource('data') !== 'cli') return
      for (const store of ['eventStore', 'readModel'])
        if (action.getOptionValueSource(store) === 'env') action.setOptionValueWithSource(store, undefined, 'default')
    })

export const withJson = (command: Command): Command => command.option('--json', 'print JSON, for programs')

/** Where a server listens. */
export const withListenOptions = (command: Command): Command =>
  command
    .addOption(withVariable('--host <address>', 'the address to listen on', 'RUN_LEDGER_HOST').default('127.0.0.1'))
    .addOption(withVariable('--port <port>', 'the port; 0 picks a free one', 'RUN_LEDGER_PORT').default('8080'))
    .addOption(
      withVariable(
        '--allowed-host <name>',
        'a host name that the server is reached by, beside localhost and addresses; may be repeated',
        'RUN_LEDGER_ALLOWED_HOST',
      ).argParser(eachOf),
    )

/** Collects the values of an option that may be repeated; one value may hold several, separated by commas. */
export const eachOf = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(',').map((part) => part.trim()),
]

/** How much memory a server spends on runs that are written to. */
export const withStateCache = (command: Command): Command =>
  command.addOption(
    withVariable(
      '--state-cache <MiB>',
      'memory for the folded states of runs that are written to',
      'RUN_LEDGER_STATE_CACHE',
    ).default('128'),
  )

/** Where callers find the server, which a proxy may put under another name or path. */
export const withPublicUrl = (command: Command): Command =>
  command.addOption(
    withVariable(
      '--public-url <url>',
      'the address that callers know, where a proxy stands before the server',
      'RUN_LEDGER_PUBLIC_URL',
    ),
  )

/** The `source` of CloudEvents. */
export const withCloudEventsSource = (command: Command): Command =>
  command.addOption(
    withVariable(
      '--cloud-events-source <uri>',
      'the source of CloudEvents (default: /run-ledger)',
      'RUN_LEDGER_CLOUD_EVENTS_SOURCE',
    ),
  )

/** Examples below a help text, one a line. */
export const examples = (...lines: readonly string[]): string =>
  ['', 'Examples:', ...lines.map((line) => `  ${line}`)].join('\n')

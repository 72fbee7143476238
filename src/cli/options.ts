/** The options that subcommands share, with their environment twins. A flag goes before its environment variable. */
import { type Command, Option } from 'commander'
import type { LedgerOptions } from '../config.ts'

export type JsonOption = Readonly<{ json?: boolean }>
export type CommonOptions = LedgerOptions & JsonOption

const twin = (flags: string, description: string, variable: string): Option =>
  new Option(flags, description).env(variable)

/** Where the ledger is. */
export const withLedgerOptions = (command: Command): Command =>
  command
    .addOption(
      twin(
        '--data <dir>',
        'the directory of events.db and read-model.db (default: ./run-ledger-data)',
        'RUN_LEDGER_DATA',
      ),
    )
    .addOption(
      twin(
        '--event-store <store>',
        'embedded:PATH, the file of the events, or esdb://HOST:PORT, an EventStoreDB',
        'RUN_LEDGER_EVENT_STORE',
      ),
    )
    .addOption(twin('--read-model <store>', 'sqlite:PATH, the file of the read model', 'RUN_LEDGER_READ_MODEL'))
    .addOption(
      twin('--stream-prefix <prefix>', 'how the names of streams begin (default: run-)', 'RUN_LEDGER_STREAM_PREFIX'),
    )
    .hook('preAction', (_, action) => {
      // `--data` names both stores: what the environment names of them is another ledger.
      if (action.getOptionValueSource('data') !== 'cli') return
      for (const store of ['eventStore', 'readModel'])
        if (action.getOptionValueSource(store) === 'env') action.setOptionValueWithSource(store, undefined, 'default')
    })

export const withJson = (command: Command): Command => command.option('--json', 'answer in JSON, for programs')

/** Where a server listens. */
export const withListenOptions = (command: Command): Command =>
  command
    .addOption(twin('--host <address>', 'where to listen', 'RUN_LEDGER_HOST').default('127.0.0.1'))
    .addOption(twin('--port <port>', 'the port; 0 picks a free one', 'RUN_LEDGER_PORT').default('8080'))

/** Where callers find the server, which a proxy may put under another name or path. */
export const withPublicUrl = (command: Command): Command =>
  command.addOption(
    twin(
      '--public-url <url>',
      'the address that callers know, where a proxy stands before the server',
      'RUN_LEDGER_PUBLIC_URL',
    ),
  )

/** What the CloudEvents that leave the ledger say of where they come from. */
export const withCloudEventsSource = (command: Command): Command =>
  command.addOption(
    twin(
      '--cloud-events-source <uri>',
      'the source that CloudEvents name (default: /run-ledger)',
      'RUN_LEDGER_CLOUD_EVENTS_SOURCE',
    ),
  )

/** Examples under a help text, a line each. */
export const examples = (...lines: readonly string[]): string =>
  ['', 'Examples:', ...lines.map((line) => `  ${line}`)].join('\n')

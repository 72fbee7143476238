/** `run-ledger keys issue|list|revoke`: the API keys of a ledger, in its store itself. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { z } from 'zod'
import { readAccess } from '../../access/access-follower.ts'
import type { Key } from '../../access/access-state.ts'
import { type ChangeFailure, changeAccess } from '../../access/change-access.ts'
import type { IssueKey, KeyRefused, RevokeRefused } from '../../access/decide.ts'
import { ActAs, KeyId, KeyName, KeyRoles } from '../../access/events.ts'
import { issueKey, type KeyStore, revokeKey } from '../../access/issue-key.ts'
import { keyView } from '../../access/key-view.ts'
import { ledgerConfigOf, type UsageFailure, usageFailure } from '../../config.ts'
import type { Access as StoreAccess } from '../../event-store/config.ts'
import type { EventStore } from '../../event-store/event-store.ts'
import { openEventStore } from '../../event-store/open.ts'
import { type Time, TimeInput, timeOf } from '../../run/time.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../options/options.ts'
import { type CliFailure, cliFailure, EXIT, type Outcome, ofOpening, ofUsage } from '../outcome.ts'
import { remark, say, sayJson } from '../output/output.ts'
import type { Declare } from '../subcommand.ts'

type IssueOptions = CommonOptions &
  Readonly<{
    name: string
    role: readonly string[]
    expires?: string
    notBefore?: string
    actAs?: string
    succeeds?: string
  }>

export const declareKeys: Declare = (keys, ending) => {
  const issue = keys
    .command('issue')
    .description('Issue a key. It is printed once, and can never be read again')
    .requiredOption('--name <name>', 'whose it is: the principal of its commands is key:<name>')
    .requiredOption(
      '--role <role>',
      'reader, auditor, writer, operator or admin; may be repeated',
      (text: string, before: readonly string[] = []) => [...before, ...text.split(',')],
    )
    .option('--expires <when>', 'a time, or how long from now, such as 90d: at most 365d (default: 90d)')
    .option('--not-before <time>', 'refuse the key before this time')
    .option('--act-as <pattern>', 'the actors that it may name beside itself; * matches any characters')
    .option('--succeeds <id>', "the owner's last key, whose name this one takes over")
  withJson(withLedgerOptions(issue))
    .addHelpText(
      'after',
      `${examples(
        'run-ledger keys issue --name root --role admin --data ./ledger',
        'run-ledger keys issue --name scoring --role writer --expires 90d --act-as "user:*" --data ./ledger',
      )}

The first key must be an admin's. From then on every request needs credentials. While a server uses the data directory, send
POST /keys to it instead; with EventStoreDB this works beside servers, too.`,
    )
    .action(ending((options: IssueOptions) => issueNow(options)))

  const list = keys.command('list').description('All keys that were ever issued, without their secrets')
  withJson(withLedgerOptions(list))
    .addHelpText('after', examples('run-ledger keys list --data ./ledger'))
    .action(ending((options: CommonOptions) => listNow(options)))

  const revoke = keys
    .command('revoke')
    .description('Revoke a key: every server refuses it within a second')
    .argument('<id>', 'the id of the key')
  withJson(withLedgerOptions(revoke))
    .addHelpText('after', examples('run-ledger keys revoke 0f3a5c7e9b1d2468 --data ./ledger'))
    .action(ending((id: string, options: CommonOptions) => revokeNow(id, options)))
}

const issueNow = (options: IssueOptions): Outcome =>
  pipe(
    TE.fromEither(issueRequestOf(options)),
    TE.mapLeft(ofUsage),
    TE.flatMap((request) =>
      withKeys(options, 'write', (keys) =>
        pipe(
          issueKey(keys, request),
          TE.bimap(ofChange, ({ key, text }) => {
            if (options.json) return sayJson({ ...keyView(key, keys.now()), key: text })
            say(text)
            remark(`Key ${key.key_id} of ${key.name}, valid until ${key.expires_at}. It is not shown again.`)
          }),
        ),
      ),
    ),
  )

const listNow = (options: CommonOptions): Outcome =>
  withKeys(options, 'read', ({ keys, now }) =>
    pipe(
      keys,
      TE.bimap(ofChange, (all) => {
        if (options.json) return sayJson({ data: all.map((key) => keyView(key, now())) })
        for (const line of linesOf(all, now())) say(line)
      }),
    ),
  )

const revokeNow = (id: string, options: CommonOptions): Outcome =>
  withKeys(options, 'write', (keys) =>
    pipe(
      KeyId.safeParse(id).success ? revokeKey(keys, id) : TE.left<RevokeRefused>({ _tag: 'NoSuchKey' }),
      TE.bimap(ofChange, (key) => {
        if (options.json) sayJson(keyView(key, keys.now()))
        else say(`${key.key_id} of ${key.name} is revoked`)
      }),
    ),
  )

/** `key_id  name  roles  status  expires_at`, the first three as wide as their widest. */
const linesOf = (keys: readonly Key[], now: Time): readonly string[] => {
  const rows = keys
    .map((key) => keyView(key, now))
    .map(({ key_id, name, roles, status, expires_at }) => [key_id, name, roles.join(','), status, expires_at])
  const widths = [0, 1, 2, 3].map((at) => Math.max(0, ...rows.map((row) => row[at]?.length ?? 0)))
  return rows.map((row) => row.map((text, at) => text.padEnd(widths[at] ?? 0)).join('  '))
}

/** Opens the store, and closes it after `work`. The exit status is 0 where that succeeds. */
const withKeys = (
  options: CommonOptions,
  storeAccess: StoreAccess,
  work: (keys: KeyStore) => TE.TaskEither<CliFailure, void>,
): Outcome =>
  pipe(
    TE.fromEither(ledgerConfigOf(options)),
    TE.mapLeft(ofUsage),
    TE.flatMap(({ eventStore }) =>
      TE.bracket(
        pipe(openEventStore(eventStore, storeAccess), TE.mapLeft(ofOpening())),
        (store) => work(keyStoreOf(store)),
        (store) => TE.fromTask(store.close),
      ),
    ),
    TE.map(() => EXIT.done),
  )

const keyStoreOf = ({ access }: EventStore): KeyStore => ({
  change: changeAccess(access, { actor: 'anonymous', recorded_by: { principal: null, via: 'cli' } }),
  keys: pipe(
    readAccess(access),
    TE.map(({ keys }) => [...keys.values()]),
  ),
  now: () => timeOf(Date.now()),
})

const issueRequestOf = (options: IssueOptions): E.Either<UsageFailure, IssueKey> =>
  pipe(
    E.Do,
    E.apS('name', given('--name', KeyName, options.name)),
    E.apS('roles', given('--role', KeyRoles, options.role)),
    E.apS('act_as', orNull('--act-as', ActAs, options.actAs)),
    E.apS('not_before', orNull('--not-before', TimeInput, options.notBefore)),
    E.apS('expires_at', orNull('--expires', TimeInput, options.expires && fromNow(options.expires))),
    E.apS('succeeds', orNull('--succeeds', KeyId, options.succeeds)),
  )

const given = <Schema extends z.ZodType>(
  flag: string,
  schema: Schema,
  value: unknown,
): E.Either<UsageFailure, z.output<Schema>> => {
  const parsed = schema.safeParse(value)
  return parsed.success
    ? E.right(parsed.data)
    : E.left(usageFailure(`${flag} ${parsed.error.issues[0]?.message ?? 'is wrong'}`))
}

const orNull = <Schema extends z.ZodType>(flag: string, schema: Schema, value: unknown) =>
  value === undefined ? E.right<UsageFailure, z.output<Schema> | null>(null) : given(flag, schema, value)

/** `90d` or `12h` as the time that it is from now; other texts as they are. */
const fromNow = (text: string): string => {
  const [, amount, unit] = /^(\d{1,4})([dh])$/.exec(text) ?? []
  return unit === undefined ? text : timeOf(Date.now() + Number(amount) * (unit === 'd' ? DAY_MS : HOUR_MS))
}

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS

const FLAGS: Readonly<Record<keyof IssueKey, string>> = {
  name: '--name',
  roles: '--role',
  act_as: '--act-as',
  not_before: '--not-before',
  expires_at: '--expires',
  succeeds: '--succeeds',
}

const ofChange = (failure: KeyRefused | RevokeRefused | ChangeFailure): CliFailure => {
  switch (failure._tag) {
    case 'KeyInvalid':
      return cliFailure(EXIT.usage, `${FLAGS[failure.field]} ${failure.detail}`)
    case 'KeyNameUsed':
      return cliFailure(
        EXIT.refused,
        `a key with the name ${failure.name} was issued before`,
        "choose another name, or name the owner's last key with --succeeds ID",
      )
    case 'NoSuchKey':
      return cliFailure(EXIT.refused, 'no key has this id: `run-ledger keys list` shows them')
    case 'LastAdmin':
      return cliFailure(
        EXIT.refused,
        'this is the last valid key with the role admin',
        'issue another one first: without any, nobody could issue or revoke keys over HTTP',
      )
    case 'AccessNotStored':
      return cliFailure(EXIT.store, `the change was not stored (${failure.outcome}): ${failure.detail}`)
    case 'AccessUnavailable':
      return cliFailure(EXIT.store, `the keys cannot be read: ${failure.detail}`)
    default:
      return failure satisfies never
  }
}

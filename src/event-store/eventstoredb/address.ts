/** The address of an EventStoreDB as users give it: a connection string, checked before anything connects. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'

/** Why a connection string is no good, and what to write instead; never with what it holds, which may be a password. */
export type AddressFault = Readonly<{ _tag: 'AddressFault'; detail: string }>

export const isEventStoreDbAddress = (text: string): boolean => /^esdb(\+discover)?:/i.test(text)

/**
 * Refuses what the client would let pass in silence: credentials that it drops without TLS (its Client/index.js,
 * createCredentialsMetadataGenerator), options that it ignores, and certificates that it checks although the address disables that.
 */
export const checkAddress = (text: string): Either<AddressFault, string> => {
  const parts = SHAPE.exec(text)
  if (parts === null) return fault('must look like esdb://HOST:2113?tls=false or esdb+discover://HOST:2113')
  const [, , user, , options = ''] = parts
  const given = new Map<string, string>()
  for (const option of options.split('&').filter((each) => each !== '')) {
    const [name = '', value = ''] = option.split('=')
    const known = OPTIONS.get(flat(name))
    if (known === undefined)
      return fault(`has an option that is not known; there are ${[...OPTIONS.values()].join(', ')}`)
    if (value === '') return fault(`has no value for ${known}`)
    if (/^tls/.test(known) && known !== 'tlsCAFile' && !/^(true|false)$/.test(value))
      return fault(`must say true or false for ${known}`)
    given.set(known, value)
  }
  if (user !== undefined && !/^[^:]+:[^:]+$/.test(user))
    return fault('must name the user as user:password@, both URL-encoded')
  if (user !== undefined && given.get('tls') === 'false')
    return fault('names a user, but without TLS credentials are not sent: leave out tls=false, or the user')
  if (given.get('tlsVerifyCert') === 'false')
    return fault('cannot turn off tlsVerifyCert: name the authority that signed the certificate with tlsCAFile=PATH')
  return right(text)
}

/** The nodes that `address` names, as `host:port`; the client's own discovery takes the first of an `esdb+discover` address only. */
export const nodesOf = (address: string): readonly string[] =>
  (SHAPE.exec(address)?.[3] ?? '').split(',').map((host) => (host.includes(':') ? host : `${host}:2113`))

/**
 * The address by which the client asks `node` where the leader is, once and for at most a second unless `address` says
 * otherwise: by default it would ask ten times and wait for 5 s, as long as the ledger waits for the store. An address of
 * one node that is no discovery stays as it is.
 */
export const addressVia = (address: string, node: string): string => {
  const [, scheme, user, hosts = '', options = ''] = SHAPE.exec(address) ?? []
  if (scheme === 'esdb' && !hosts.includes(',')) return address
  const given = options.split('&').filter((each) => each !== '')
  const isGiven = (name: string) => given.some((option) => flat(option.split('=')[0] ?? '') === flat(name))
  const defaults = ['gossipTimeout=1', 'maxDiscoverAttempts=1'].filter((each) => !isGiven(each.split('=')[0] ?? ''))
  return `esdb+discover://${user === undefined ? '' : `${user}@`}${node}?${[...given, ...defaults].join('&')}`
}

const fault = (detail: string): Either<AddressFault, never> => left({ _tag: 'AddressFault', detail })

const HOST = String.raw`[A-Za-z0-9._-]+(?::\d{1,5})?`
const SHAPE = new RegExp(String.raw`^(esdb(?:\+discover)?)://(?:([^@/?]*)@)?(${HOST}(?:,${HOST})*)/?(?:\?(.*))?$`)

const flat = (name: string): string => name.toLowerCase().replace(/[_-]/g, '')

// What the client's parseConnectionString.js knows, but throwOnAppendFailure, which is this adapter's own matter.
const OPTIONS = new Map(
  [
    'tls',
    'tlsVerifyCert',
    'tlsCAFile',
    'userCertFile',
    'userKeyFile',
    'connectionName',
    'nodePreference',
    'maxDiscoverAttempts',
    'discoveryInterval',
    'gossipTimeout',
    'defaultDeadline',
    'keepAliveInterval',
    'keepAliveTimeout',
  ].map((name) => [flat(name), name]),
)

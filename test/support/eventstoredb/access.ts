/** Who may do what to a stream: LegacyStreamPermissionAssertion.cs, over users given at start. */
import type { Metadata } from '@grpc/grpc-js'
import type { Log } from './log.ts'
import { type Acl, aclOf, asRecord } from './stream-metadata.ts'
import { eventIn } from './wire.ts'

export type User = Readonly<{ name: string; password: string; groups?: readonly string[] }>

export type Action = 'read' | 'write' | 'delete'

export type Access = Readonly<{
  /** Whether the call's credentials are a user's; calls without any are anonymous. */
  isAuthentic: (call: Metadata) => boolean
  allows: (call: Metadata, action: Action, stream: string) => boolean
}>

/** A node that runs with `--insecure` asks nobody: PassthroughAuthorizationProvider.cs. */
export const insecureAccess: Access = { isAuthentic: () => true, allows: () => true }

export const secureAccess = (log: () => Log, users: readonly User[]): Access => ({
  isAuthentic: (call) => credentialsOf(call) === null || userOf(call, users) !== null,
  allows: (call, action, stream) => {
    const user = userOf(call, users)
    // 23.6 and later: AllowAnonymousStreamAccess is off (ClusterVNodeOptions.cs).
    if (user === null) return false
    if (user.groups?.includes('$admins')) return true
    if (stream === '$all' && action !== 'read') return false
    const isMeta = stream.startsWith('$$')
    if (isMeta && action === 'delete') return false
    const right = !isMeta ? action : action === 'read' ? 'metadataRead' : 'metadataWrite'
    const roles = rolesFor(log(), right, isMeta ? stream.slice(2) : stream)
    return roles.some((role) => role === '$all' || role === user.name || user.groups?.includes(role) === true)
  },
})

/** The stream's own ACL, else `$settings`, else the default (IndexReader.cs, GetEffectiveAcl; SystemSettings.cs). */
const rolesFor = (log: Log, right: keyof Acl, stream: string): readonly string[] => {
  const own = log.metadataOf(stream).acl?.[right]
  if (own !== undefined) return own
  const settings = log.stream('$settings')?.records.at(-1)
  const parsed = settings === undefined ? {} : asRecord(JSON.parse(Buffer.from(eventIn(settings).data).toString()))
  const isSystem = stream.startsWith('$')
  const defaults = aclOf(asRecord(parsed[isSystem ? '$systemStreamAcl' : '$userStreamAcl']))
  if (defaults[right] !== undefined) return defaults[right]
  return isSystem ? ['$admins'] : ['$all']
}

const credentialsOf = (call: Metadata): string | null => call.get('authorization')[0]?.toString() ?? null

const userOf = (call: Metadata, users: readonly User[]): User | null => {
  const credentials = credentialsOf(call)
  if (credentials === null) return null
  const [name, ...password] = Buffer.from(credentials.replace(/^Basic /i, ''), 'base64')
    .toString()
    .split(':')
  return users.find((user) => user.name === name && user.password === password.join(':')) ?? null
}

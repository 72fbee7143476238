/** What the metadata stream `$$<stream>` says of a stream. */

/** Roles or user names; absent where the metadata does not say, so that the next level down decides. */
export type Acl = Readonly<
  Partial<Record<'read' | 'write' | 'delete' | 'metadataRead' | 'metadataWrite', readonly string[]>>
>

export type StreamMetadata = Readonly<{
  maxCount?: number
  /** Seconds. */
  maxAge?: number
  /** Revisions below it cannot be read. */
  truncateBefore?: number
  acl?: Acl
}>

/** `$tb` of a soft-deleted stream and revision of a tombstone: Int64.MaxValue (Data/EventNumber.cs), as near as a number gets. */
export const DELETED_STREAM = Number(2n ** 63n - 1n)

/** The metadata in `json`; none where it is broken (Data/StreamMetadata.cs, TryFromJsonBytes). */
export const parseStreamMetadata = (json: string): StreamMetadata => {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch {
    return {}
  }
  const values = asRecord(parsed)
  const acl = asRecord(values['$acl'])
  return {
    ...number('maxCount', values['$maxCount']),
    ...number('maxAge', values['$maxAge']),
    ...number('truncateBefore', values['$tb']),
    ...(values['$acl'] === undefined ? {} : { acl: aclOf(acl) }),
  }
}

/** The roles of an `$acl` as it stands in metadata (Data/SystemMetadata.cs has the names of its keys). */
export const aclOf = (acl: Readonly<Record<string, unknown>>): Acl => ({
  ...roles('read', acl['$r']),
  ...roles('write', acl['$w']),
  ...roles('delete', acl['$d']),
  ...roles('metadataRead', acl['$mr']),
  ...roles('metadataWrite', acl['$mw']),
})

export const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}

const number = (key: keyof StreamMetadata, value: unknown) => (typeof value === 'number' ? { [key]: value } : {})

const roles = (key: keyof Acl, value: unknown) =>
  value === undefined ? {} : { [key]: Array.isArray(value) ? value.map(String) : [String(value)] }

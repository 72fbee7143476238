/** Which events a reader of `$all` wants: EventFilter.cs. */
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import type { LogRecord } from '../records.ts'

export type Filter = (record: LogRecord) => boolean

/** DefaultAllFilterStrategy: what `$all` never shows, whoever reads it. */
export const visibleInAll: Filter = ({ stream }) =>
  !stream.startsWith('$') ||
  (stream !== '$epoch-information' &&
    !(stream.startsWith('$persistentsubscription-$all::') && /-(checkpoint|parked)$/.test(stream)))

/** The regular expression wins over prefixes, as in Streams.Read.cs. */
export const filterOf = (options: ReadReq.Options.FilterOptions): Filter => {
  const byType = options.getEventType()
  const expression = byType ?? options.getStreamIdentifier()
  const subject = (record: LogRecord) => (byType === undefined ? record.stream : record.type)
  const regex = expression?.getRegex() ?? ''
  if (regex !== '') {
    // .NET's expressions and ours are the same for what a stream's name takes.
    const pattern = new RegExp(regex, 'u')
    return (record) => visibleInAll(record) && pattern.test(subject(record))
  }
  const prefixes = expression?.getPrefixList() ?? []
  return (record) => visibleInAll(record) && prefixes.some((prefix) => subject(record).startsWith(prefix))
}

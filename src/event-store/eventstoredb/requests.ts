/** What is asked of EventStoreDB, as its own messages (streams.proto). */
import type { StreamIdentifier } from '@eventstore/db-client/generated/shared_pb.js'
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import { type Position, type ReadOptions, START } from '../event-store.ts'

const FORWARDS = 0
const BACKWARDS = 1
const EMPTY = new sharedPb.Empty()

/** A page of a stream, by its full name. */
export const readStreamRequest = (stream: string, { from, direction, limit }: ReadOptions): ReadReq => {
  const options = new streamsPb.ReadReq.Options.StreamOptions()
  options.setStreamIdentifier(identifierOf(stream))
  if (from === 'end') options.setEnd(EMPTY)
  else options.setRevision(String(from))
  return requestOf((request) => {
    request.setStream(options)
    request.setReadDirection(direction === 'forward' ? FORWARDS : BACKWARDS)
    request.setCount(String(limit))
    request.setNoFilter(EMPTY)
  })
}

/** Events of `$all` from a position on, inclusive; `prefixes`: of streams whose names begin with one of them. */
export const readAllRequest = (
  options: Readonly<{
    from: Position | 'end'
    direction: ReadOptions['direction']
    limit: number
    prefixes: readonly string[] | null
  }>,
): ReadReq =>
  requestOf((request) => {
    request.setAll(placeOf(options.from))
    request.setReadDirection(options.direction === 'forward' ? FORWARDS : BACKWARDS)
    request.setCount(String(options.limit))
    if (options.prefixes === null) request.setNoFilter(EMPTY)
    else request.setFilter(filterOf(options.prefixes))
  })

/** Events of `$all` after a position, for ever, of streams whose names begin with one of `prefixes`. */
export const subscribeRequest = (from: Position, prefixes: readonly string[]): ReadReq =>
  requestOf((request) => {
    request.setAll(placeOf(from))
    request.setSubscription(new streamsPb.ReadReq.Options.SubscriptionOptions())
    request.setFilter(filterOf(prefixes))
  })

const requestOf = (fill: (options: ReadReq.Options) => void): ReadReq => {
  const uuids = new streamsPb.ReadReq.Options.UUIDOption()
  uuids.setString(EMPTY)
  const options = new streamsPb.ReadReq.Options()
  options.setUuidOption(uuids)
  options.setResolveLinks(false)
  fill(options)
  const request = new streamsPb.ReadReq()
  request.setOptions(options)
  return request
}

const placeOf = (from: Position | 'end'): ReadReq.Options.AllOptions => {
  const all = new streamsPb.ReadReq.Options.AllOptions()
  if (from === 'end') all.setEnd(EMPTY)
  else if (from === START) all.setStart(EMPTY)
  else {
    // Records that commit themselves, as all of this adapter's do, have one position for both (AllReader.cs).
    const digits = from.replace(/^0+/, '')
    const position = new streamsPb.ReadReq.Options.Position()
    position.setCommitPosition(digits)
    position.setPreparePosition(digits)
    all.setPosition(position)
  }
  return all
}

// The server looks through so many events at a time, and says after each time how far a subscription has got.
const SEARCH_WINDOW = 512

const filterOf = (prefixes: readonly string[]): ReadReq.Options.FilterOptions => {
  const names = new streamsPb.ReadReq.Options.FilterOptions.Expression()
  names.setPrefixList([...prefixes])
  const filter = new streamsPb.ReadReq.Options.FilterOptions()
  filter.setStreamIdentifier(names)
  filter.setMax(SEARCH_WINDOW)
  filter.setCheckpointintervalmultiplier(1)
  return filter
}

const identifierOf = (stream: string): StreamIdentifier => {
  const identifier = new sharedPb.StreamIdentifier()
  identifier.setStreamName(Buffer.from(stream))
  return identifier
}

/** What the metadata of a stream, an event of `$$<stream>`, do to its events. */

/**
 * Whether they hide the stream's first events, now or as time passes: `$tb` is the first revision that can be read, after
 * a deletion the greatest of all. Metadata that are no JSON object do nothing (StreamMetadata.cs, TryFromJsonBytes).
 */
export const hidesEvents = (metadata: string): boolean => {
  let parsed: unknown
  try {
    parsed = JSON.parse(metadata)
  } catch {
    return false
  }
  if (parsed === null || typeof parsed !== 'object') return false
  const { $tb = 0, $maxAge, $maxCount } = parsed as Readonly<Record<string, unknown>>
  return Number($tb) > 0 || $maxAge !== undefined || $maxCount !== undefined
}

/** The stream in which EventStoreDB holds the metadata of `stream`. */
export const metadataStreamOf = (stream: string): string => `$$${stream}`

/** The type of the event that a tombstone is (SystemEventTypes.cs, StreamDeleted). */
export const TOMBSTONE = '$streamDeleted'

/** Entity tags: a run's revision as an ETag, and the conditions of callers on it (RFC 9110, sections 8.8 and 13). */

export const etagOf = (revision: number): string => `"${revision}"`

/** The revision in an `If-Match`; null where it is not one strong tag. */
export const revisionOfTag = (tag: string): number | null => {
  const match = /^"(0|[1-9]\d{0,8})"$/.exec(tag.trim())
  return match === null ? null : Number(match[1])
}

/**
 * Whether an `If-None-Match` names `etag`, so that the caller has it already. Tags are compared weakly (section 13.1.2); `*`
 * matches any. Text that is not a tag is ignored.
 */
export const namesTag = (ifNoneMatch: string, etag: string): boolean => {
  if (ifNoneMatch === etag || ifNoneMatch === '*') return true
  return (ifNoneMatch.match(TAGS) ?? []).some((tag) => tag === etag)
}

// The opaque part alone: a weak tag's W/ is left out. A comma inside a tag does not end it.
const TAGS = /"[\x21\x23-\x7e\x80-\xff]*"/g

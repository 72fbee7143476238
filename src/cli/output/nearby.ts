/** What somebody may have meant by a name that does not exist. */
import leven from 'leven'

const MOST = 3

/** "; did you mean a, b?", nearest first; "" where nothing is near. */
export const suggestion = (name: string, existing: readonly string[]): string => {
  const near = nearest(name, existing)
  return near.length === 0 ? '' : `; did you mean ${near.join(', ')}?`
}

/** Names that differ in less than half of their letters, or that begin alike. */
const nearest = (name: string, existing: readonly string[]): readonly string[] =>
  existing
    .map((each) => ({ each, distance: distanceBetween(name, each) }))
    .filter(({ each, distance }) => distance <= Math.min(MOST_EDITS, each.length / 2) || begins(name, each))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST)
    .map(({ each }) => each)

const MOST_EDITS = 6

const distanceBetween = (name: string, other: string): number =>
  leven(name.toLowerCase(), other.toLowerCase(), { maxDistance: MOST_EDITS + 1 })

const begins = (name: string, other: string): boolean => name.length >= 3 && other.startsWith(name)

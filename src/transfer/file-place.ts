/** Which file a path leads to: known by device and inode, and by its place where nothing is there yet. */
import { fstatSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** Two paths lead to one file where they share the inode (`device:inode`) or, for a file yet to be made, the place. */
export type FilePlace = Readonly<{ place: string | null; inode: string | null }>

/** The file that `path` leads to, links followed. `-` stands for a standard stream, given by `descriptor`. */
export const filePlace = (path: string, descriptor: 0 | 1): FilePlace =>
  path === '-'
    ? { place: null, inode: inodeOf(() => fstatSync(descriptor, { bigint: true })) }
    : { place: placeOf(path), inode: inodeOf(() => statSync(path, { bigint: true })) }

export const isSameFile = (one: FilePlace, other: FilePlace): boolean =>
  (one.inode !== null && one.inode === other.inode) || (one.place !== null && one.place === other.place)

/** The absolute path that `path` leads to, links followed, though nothing need be there. */
export const placeOf = (path: string): string => followed(resolve(path), MAX_LINKS)

// As Linux has it, path_resolution(7).
const MAX_LINKS = 40

const followed = (path: string, links: number): string => {
  const real = orNull(() => realpathSync(path))
  if (real !== null) return real
  const directory = followed(dirname(path), links)
  const place = join(directory, basename(path))
  const target = links > 0 ? orNull(() => readlinkSync(place)) : null
  return target === null ? place : followed(resolve(directory, target), links - 1)
}

type Stats = Readonly<{ dev: bigint; ino: bigint }>

const inodeOf = (stat: () => Stats): string | null => {
  const stats = orNull(stat)
  return stats === null ? null : `${stats.dev}:${stats.ino}`
}

const orNull = <Value>(read: () => Value): Value | null => {
  try {
    return read()
  } catch {
    return null
  }
}

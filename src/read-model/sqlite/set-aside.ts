/** A damaged read model is set aside, so that another can be made in its place. */
import { closeSync, existsSync, openSync, readSync, renameSync, rmSync } from 'node:fs'
import { APPLICATION_ID } from './tables.ts'

/**
 * Renames the file at `path`, which nobody writes any more, and what belongs to it; an earlier one that was set aside goes.
 * Connections that have it open can still read it. Returns its new path.
 */
export const setAside = (path: string): string => {
  const aside = `${path}.damaged`
  for (const end of ['', '-wal', '-shm']) {
    rmSync(`${aside}${end}`, { force: true })
    if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, `${aside}${end}`)
  }
  return aside
}

// Of SQLite's file format (sqlite.org/fileformat.html, 1.3): the magic string, and where the application's id stands.
const MAGIC = Buffer.from('SQLite format 3\0')
const APPLICATION_ID_AT = 68
const HEADER_BYTES = 100

/** Whether the file says of itself that it is a read model, however damaged it is: then it may be replaced. */
export const isReadModel = (path: string): boolean => {
  const header = headerOf(path)
  return header.subarray(0, MAGIC.length).equals(MAGIC) && header.readUInt32BE(APPLICATION_ID_AT) === APPLICATION_ID
}

const headerOf = (path: string): Buffer => {
  const header = Buffer.alloc(HEADER_BYTES)
  try {
    const file = openSync(path, 'r')
    try {
      readSync(file, header, 0, HEADER_BYTES, 0)
    } finally {
      closeSync(file)
    }
  } catch {
    // What cannot be read says nothing of itself.
  }
  return header
}

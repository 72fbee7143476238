/** The manifest beside an exported file: what is in it, and how to recognize it. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { EntryFilters } from '../read-model/read-model.ts'
import type { ExportCounts, ExportFormat } from './export.ts'
import { placeOf } from './file-place.ts'

/** `sha256` (hexadecimal) and `bytes` are of the file as it lies there, packed or not. */
export type Manifest = ExportCounts &
  Readonly<{
    file: string
    format: ExportFormat
    sha256: string
    bytes: number
    made_at: string
    /** The ledger's identity: the id of its first event, null where it has none. */
    ledger: string | null
    /** Those that were asked for; what they do not match is not in the file. */
    filters: EntryFilters
    /** Of the program that made the file. */
    version: string
  }>

/** The manifest of the file at `place`, of whose bytes this is known. */
export type ManifestOf = (place: string, written: Readonly<{ sha256: string; bytes: number }>) => Manifest

/** Where the manifest of the file at `place` stands, no link among them. */
export const manifestPath = (place: string): string => `${place}.manifest.json`

/**
 * Puts the finished file `part` and its manifest in their places together. The manifest's own `.part` is made by one
 * process at a time, so that of two exports to one file the file and the manifest of the same one stay.
 */
export const publish = async (part: string, place: string, manifest: Manifest): Promise<void> => {
  const beside = `${manifestPath(place)}.part`
  await claim(beside, `${JSON.stringify(manifest, null, 2)}\n`)
  await rm(manifestPath(place), { force: true })
  await rename(part, place)
  await rename(beside, manifestPath(place))
  await syncDirectory(dirname(place))
}

/** A renamed file is durable once its directory is. */
export const syncDirectory = async (path: string): Promise<void> => {
  const handle = await open(path, 'r')
  // Some file systems know no fsync of a directory.
  await handle.sync().catch(() => undefined)
  await handle.close()
}

const LOOK_AGAIN_MS = 20
// Its holder writes a few hundred bytes and renames two files.
const LEFT_BEHIND_MS = 10_000

/** Makes `path` with `text`, after other writers are done; one that a kill left behind, or that is no file, is removed. */
const claim = async (path: string, text: string): Promise<void> => {
  let seen = { ino: 0, at: performance.now() }
  for (;;) {
    const handle = await open(path, 'wx', 0o600).catch(unlessThere)
    if (handle !== null) {
      await handle.writeFile(text)
      await handle.sync()
      return handle.close()
    }
    const there = await lstat(path).catch(() => null)
    if (there !== null && there.ino !== seen.ino) seen = { ino: there.ino, at: performance.now() }
    const isLeft = there !== null && (!there.isFile() || performance.now() - seen.at > LEFT_BEHIND_MS)
    if (isLeft) await rm(path, { force: true })
    else await sleep(LOOK_AGAIN_MS)
  }
}

const unlessThere = (error: unknown): null => {
  if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return null
  throw error
}

const ManifestOfLedger = z.object({ format: z.literal('ledger'), sha256: z.string() })

/** Why `file`, an export in the ledger format, is not what its manifest describes; null where it is, or there is none. */
export const manifestFault = async (file: string): Promise<string | null> => {
  const path = manifestPath(placeOf(file))
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) return null
  const manifest = ManifestOfLedger.safeParse(jsonOf(text))
  if (!manifest.success) return `${path} is no manifest of an export with --format ledger`
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex') === manifest.data.sha256
    ? null
    : `its SHA-256 is not the one that ${path} names: it was changed or cut since it was made`
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

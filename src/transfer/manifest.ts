/** The manifest beside an exported file: what is in it, and by what to know it again. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import type { ExportCounts, ExportFormat } from './export.ts'

/** `sha256` (hexadecimal) and `bytes` are of the file as it lies there, packed or not. */
export type Manifest = ExportCounts &
  Readonly<{ file: string; format: ExportFormat; sha256: string; bytes: number; made_at: string }>

const manifestPath = (file: string): string => `${file}.manifest.json`

/** Takes away the manifest of an earlier file of this name. */
export const forgetManifest = (file: string): Promise<void> => rm(manifestPath(file), { force: true })

export const writeManifest = async (file: string, manifest: Manifest): Promise<void> => {
  const part = `${manifestPath(file)}.part`
  await writeFile(part, `${JSON.stringify(manifest, null, 2)}\n`)
  await rename(part, manifestPath(file))
}

const ManifestOfLedger = z.object({ format: z.literal('ledger'), sha256: z.string() })

/** Why `file`, an export in the ledger format, is not what the manifest beside it describes; null where it is, or there is none. */
export const manifestFault = async (file: string): Promise<string | null> => {
  const text = await readFile(manifestPath(file), 'utf8').catch(() => null)
  if (text === null) return null
  const manifest = ManifestOfLedger.safeParse(jsonOf(text))
  if (!manifest.success) return `${manifestPath(file)} is no manifest of an export with --format ledger`
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex') === manifest.data.sha256
    ? null
    : `its SHA-256 is not the one that ${manifestPath(file)} names: it was changed or cut since it was made`
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

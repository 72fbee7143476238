/** Checks an access log: every line follows the one before it, and nothing that was sealed is missing. */
import { createReadStream, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { dayFilesOf } from './folder.ts'
import { hashOf } from './line.ts'

/** A place where the log is not what was written; `line` counts within the file, from 1. */
export type Finding = Readonly<{ file: string; line: number | null; detail: string }>

/** What the ledger holds of the head of one chain. */
export type SealedHead = Readonly<{ log_id: string; lines: number; hash: string; sealed_at: string }>

export type AccessLogReport = Readonly<{
  folders: number
  lines: number
  /** Seals that were found again in the log. */
  seals: number
  /** Lines that the writer itself counted as lost: a full disk, most of the time. */
  dropped: number
  /** Lines that a killed process left unfinished. */
  torn: number
  findings: readonly Finding[]
}>

/** Reads every folder below `directory`; `seals` are those of the ledger, none where it was not asked. */
export const verifyAccessLog = async (
  directory: string,
  seals: readonly SealedHead[] = [],
): Promise<AccessLogReport> => {
  const unseen = new Map(seals.map((seal) => [seal.hash, seal]))
  const chains: Chain[] = []
  for (const folder of foldersOf(directory)) chains.push(await verifyFolder(directory, folder, unseen))
  const sum = (count: (chain: Chain) => number): number => chains.reduce((total, chain) => total + count(chain), 0)
  return {
    folders: chains.length,
    lines: sum(({ lines }) => lines),
    seals: sum((chain) => chain.seals),
    dropped: sum(({ dropped }) => dropped),
    torn: sum(({ torn }) => torn),
    findings: [...chains.flatMap(({ findings }) => findings), ...[...unseen.values()].map(lost(directory))],
  }
}

const lost =
  (file: string) =>
  ({ log_id, lines, sealed_at }: SealedHead): Finding => ({
    file,
    line: null,
    detail: `line ${lines} of log ${log_id}, sealed at ${sealed_at}, is missing or another one: lines were cut off, or the log was made again`,
  })

const foldersOf = (directory: string): readonly string[] =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && dayFilesOf(join(directory, entry.name)).length > 0)
    .map(({ name }) => name)
    .sort()

/** What was read of one folder; `previous` and `number` are of the last line. */
type Chain = {
  previous: string | null
  number: number
  lines: number
  seals: number
  dropped: number
  torn: number
  /** Where the last line stands, if it cannot be read. */
  unreadable: Place | null
  readonly findings: Finding[]
}

type Place = Readonly<{ file: string; line: number }>

/** Seals by the hash that they hold; those that are found are removed. */
type Unseen = Map<string, SealedHead>

const verifyFolder = async (directory: string, folder: string, unseen: Unseen): Promise<Chain> => {
  const chain: Chain = {
    previous: null,
    number: 0,
    lines: 0,
    seals: 0,
    dropped: 0,
    torn: 0,
    unreadable: null,
    findings: [],
  }
  for (const name of dayFilesOf(join(directory, folder))) {
    let at = 0
    // As Latin-1 every byte is one character, so that the hash is that of the bytes, also of broken ones.
    const input = createReadStream(join(directory, folder, name), 'latin1')
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      at += 1
      checkLine(chain, Buffer.from(line, 'latin1'), { file: `${folder}/${name}`, line: at }, unseen)
    }
  }
  // A process that is killed leaves the end of its last line out.
  if (chain.unreadable !== null && endsLine(join(directory, chain.unreadable.file))) noteUnreadable(chain)
  return chain
}

const endsLine = (path: string): boolean => readFileSync(path).at(-1) === 0x0a

const noteUnreadable = (chain: Chain): void => {
  if (chain.unreadable !== null)
    chain.findings.push({ ...chain.unreadable, detail: 'it cannot be read as a line of the log' })
}

const checkLine = (chain: Chain, bytes: Buffer, place: Place, unseen: Unseen): void => {
  const line = readLine(bytes)
  const detail = faultOf(chain, line, unseen)
  if (detail !== null) chain.findings.push({ ...place, detail })
  // The process that goes on after a line that was left unfinished says so.
  if (line?.torn !== true) noteUnreadable(chain)
  chain.unreadable = line === null ? place : null
  chain.lines += 1
  if (line === null) chain.torn += 1
  chain.number = line?.line ?? chain.number + 1
  chain.dropped += line?.kind === 'dropped' ? (line.lines ?? 0) : 0
  chain.previous = hashOf(bytes)
  if (unseen.delete(chain.previous)) chain.seals += 1
}

/** What is wrong with the place of this line in the chain; null where nothing is. */
const faultOf = (chain: Chain, line: Line | null, unseen: Unseen): string | null => {
  if (line === null) return null
  return chain.lines === 0 ? beginningFault(line, unseen) : linkFault(chain, line)
}

const linkFault = ({ previous, number }: Chain, line: Line): string | null => {
  if (line.previous !== previous)
    return 'it does not follow the line before it: one of both was changed, or lines are missing or added here'
  return line.line === number + 1 ? null : `it says that it is line ${line.line}, where line ${number + 1} follows`
}

/** Older files may be removed where the ledger sealed the last line of what is gone; seals of lines before it are gone, too. */
const beginningFault = ({ previous, line }: Line, unseen: Unseen): string | null => {
  if (previous === null) return null
  const sealed = unseen.get(previous)
  if (sealed === undefined) return `the log does not begin here: ${line - 1} lines before it are missing`
  for (const { hash, log_id, lines } of [...unseen.values()])
    if (log_id === sealed.log_id && lines <= sealed.lines) unseen.delete(hash)
  return null
}

type Line = Readonly<{ kind: string; previous: string | null; line: number; lines?: number; torn?: boolean }>

/** Null for what is no line of an access log. */
const readLine = (bytes: Buffer): Line | null => {
  try {
    const value = JSON.parse(bytes.toString()) as Partial<Line> | null
    return typeof value?.line === 'number' && typeof value.kind === 'string' && value.previous !== undefined
      ? (value as Line)
      : null
  } catch {
    return null
  }
}

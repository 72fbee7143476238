/** Checks an access log: every line follows the one before it, and nothing that was sealed is missing. */
import { createReadStream, readdirSync } from 'node:fs'
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
    detail: `line ${lines} of log ${log_id}, sealed at ${sealed_at}, is missing or another one: lines were cut off, or the log was made anew`,
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
  readonly findings: Finding[]
}

/** Seals by the hash that they hold; those that are found are removed. */
type Unseen = Map<string, SealedHead>

const verifyFolder = async (directory: string, folder: string, unseen: Unseen): Promise<Chain> => {
  const chain: Chain = { previous: null, number: 0, lines: 0, seals: 0, dropped: 0, torn: 0, findings: [] }
  for (const name of dayFilesOf(join(directory, folder))) {
    let at = 0
    // As Latin-1 every byte is one character, so that the hash is that of the bytes, also of broken ones.
    const input = createReadStream(join(directory, folder, name), 'latin1')
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      at += 1
      const detail = checkLine(chain, Buffer.from(line, 'latin1'), unseen)
      if (detail !== null) chain.findings.push({ file: `${folder}/${name}`, line: at, detail })
    }
  }
  return chain
}

/** What is wrong with the place of this line in the chain; null where nothing is. */
const checkLine = (chain: Chain, bytes: Buffer, unseen: Unseen): string | null => {
  const line = readLine(bytes)
  const isFirst = chain.lines === 0
  const detail = line === null ? null : isFirst ? beginningFault(line, unseen) : linkFault(chain, line)
  chain.lines += 1
  // Whether a process left a line unfinished, or somebody changed it, shows in the line after it.
  if (line === null) chain.torn += 1
  chain.number = line?.line ?? chain.number + 1
  chain.dropped += line?.kind === 'dropped' ? (line.lines ?? 0) : 0
  chain.previous = hashOf(bytes)
  if (unseen.delete(chain.previous)) chain.seals += 1
  return detail
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

type Line = Readonly<{ kind: string; previous: string | null; line: number; lines?: number }>

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

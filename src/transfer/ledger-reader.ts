/** Reads an export in the ledger format from its first event to its last, and sees that it is whole. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { type NewEvent, type Position, START } from '../event-store/event-store.ts'
import { type LedgerLine, MAX_LEDGER_LINE_BYTES, movedEvent, parseLedgerLine } from './ledger-file.ts'
import { type Line, lineSplitter } from './line-splitter.ts'
import type { Source } from './source.ts'

/** An event of the file, as it goes into another store. */
export type MovedEvent = Readonly<{ line: number; stream: string; revision: number; event: NewEvent }>

/** The file is damaged or cut short, or holds what cannot be moved. `line` is the first bad one, null where none is to blame. */
export type FileRefused = Readonly<{ _tag: 'FileRefused'; line: number | null; detail: string }>

export type Checked = Readonly<{ events: number; runs: number }>

/**
 * The events of `source`, some at a time. Every line must be whole and fit into a store, positions must ascend, each
 * stream's revisions must be 0, 1, 2, …, and the last line must say that it is; what comes before a fault is given
 * first, then the fault, and nothing after it. Keeps each stream's revision in memory: some 100 bytes a run.
 */
export async function* movedEvents(
  source: Source,
): AsyncGenerator<Either<FileRefused, readonly MovedEvent[]>, Checked> {
  const splitter = lineSplitter(MAX_LEDGER_LINE_BYTES)
  const check = checks()
  const read = (lines: readonly Line[]) => {
    const events: MovedEvent[] = []
    for (const line of lines) {
      const event = eventOf(line, check)
      if (event._tag === 'Left') return { events, fault: event.left }
      events.push(event.right)
    }
    return { events, fault: null }
  }
  for await (const chunk of source.chunks) {
    const { events, fault } = read(splitter.push(chunk))
    yield right(events)
    if (fault !== null) return yield* refused(fault, check)
  }
  const broken = source.fault()
  if (broken !== null) return yield* refused({ _tag: 'FileRefused', line: null, detail: broken }, check)
  const { events, fault } = read(splitter.end())
  yield right(events)
  const end = fault ?? check.end()
  return end === null ? check.checked() : yield* refused(end, check)
}

/** Reads `source` to its end, and keeps nothing. */
export const checkLedgerFile = async (source: Source): Promise<Either<FileRefused, Checked>> => {
  const events = movedEvents(source)
  for (let next = await events.next(); ; next = await events.next()) {
    if (next.done) return right(next.value)
    if (next.value._tag === 'Left') return next.value
  }
}

async function* refused(fault: FileRefused, check: Checks): AsyncGenerator<Either<FileRefused, never>, Checked> {
  yield left(fault)
  return check.checked()
}

const eventOf = ({ number, bytes }: Line, check: Checks): Either<FileRefused, MovedEvent> => {
  const refuse = (detail: string) => left({ _tag: 'FileRefused' as const, line: number, detail })
  if (bytes === null) return refuse(`it is longer than ${MAX_LEDGER_LINE_BYTES} bytes`)
  const parsed = parseLedgerLine(bytes)
  if (parsed._tag === 'Left') return refuse(parsed.left.detail)
  const { stream, revision } = parsed.right
  const fault = check.next(parsed.right)
  if (fault !== null) return refuse(fault)
  const event = movedEvent(parsed.right)
  return event._tag === 'Left'
    ? refuse(`revision ${revision} of ${stream}: ${event.left.detail}`)
    : right({ line: number, stream, revision, event: event.right })
}

type Checks = Readonly<{
  /** What is wrong with `line` where it stands, null where nothing is. */
  next: (line: LedgerLine) => string | null
  end: () => FileRefused | null
  checked: () => Checked
}>

const checks = (): Checks => {
  const revisions = new Map<string, number>()
  let [events, position, ended]: [number, Position, boolean] = [0, START, false]
  return {
    next: ({ stream, revision, position: next, last }) => {
      const before = revisions.get(stream) ?? -1
      if (ended) return 'it follows the last event of an export: a file holds one export'
      if (next <= position) return 'its position is not after that of the line before: the order of the log is lost'
      if (revision !== before + 1)
        return `revision ${revision} of ${stream} follows ${before === -1 ? 'nothing' : `revision ${before}`}: events are missing`
      revisions.set(stream, revision)
      events += 1
      position = next
      ended = last
      return null
    },
    end: () => {
      if (ended) return null
      const detail = events === 0 ? 'it holds no events' : `it is cut short: its last event is missing`
      return { _tag: 'FileRefused', line: null, detail }
    },
    checked: () => ({ events, runs: revisions.size }),
  }
}

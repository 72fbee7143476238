/** Exports just this list: all its pages, as CSV of the chosen columns or as JSON lines of whole runs. */
import { useRef, useState } from 'preact/hooks'
import type { ClientProblem, Run } from '../../client/client.ts'
import { counted } from '../lib/format.ts'
import { ledger } from '../lib/ledger.ts'
import { ProblemNotice } from '../parts/problem.tsx'
import { download } from '../parts/value.tsx'
import { type Column, columnsOf } from './columns.tsx'
import { listQuery } from './list-query.ts'

type Form = 'csv' | 'ndjson'

export const ExportList = ({ params }: Readonly<{ params: URLSearchParams }>) => {
  const [done, setDone] = useState<number | null>(null)
  const [problem, setProblem] = useState<ClientProblem | null>(null)
  const ending = useRef<AbortController | null>(null)
  const run = async (form: Form) => {
    ending.current = new AbortController()
    setProblem(null)
    setDone(0)
    const failure = await exportRuns(params, form, setDone, ending.current.signal)
    setDone(null)
    if (failure !== null && failure._tag !== 'aborted') setProblem(failure)
  }
  if (done !== null)
    return (
      <span role="status">
        {counted(done, 'run')} …{' '}
        <button type="button" onClick={() => ending.current?.abort()}>
          Stop
        </button>
      </span>
    )
  return (
    <>
      <button type="button" onClick={() => void run('csv')}>
        Export CSV
      </button>
      <button type="button" onClick={() => void run('ndjson')}>
        Export JSON lines
      </button>
      {problem !== null && <ProblemNotice problem={problem} />}
    </>
  )
}

/** Walks all pages and hands over one file; nothing where a page fails. */
const exportRuns = async (
  params: URLSearchParams,
  form: Form,
  progress: (runs: number) => void,
  signal: AbortSignal,
): Promise<ClientProblem | null> => {
  const columns = columnsOf(params.get('columns'))
  const parts: string[] = form === 'csv' ? [csvLine(['run_id', ...columns.map(({ name }) => name)])] : []
  const query = { ...listQuery(params), limit: 1_000 }
  let runs = 0
  let cursor: string | undefined
  do {
    const page = await ledger.listRuns({ ...query, ...(cursor === undefined ? undefined : { cursor }) }, { signal })
    if (page._tag === 'Left') return page.left
    parts.push(page.right.data.map((run) => lineOf(form, columns, run)).join(''))
    runs += page.right.data.length
    progress(runs)
    cursor = page.right.next_cursor ?? undefined
  } while (cursor !== undefined)
  download(`runs.${form}`, form === 'csv' ? 'text/csv' : 'application/x-ndjson', parts)
  return null
}

const lineOf = (form: Form, columns: readonly Column[], run: Run): string =>
  form === 'csv' ? csvLine([run.run_id, ...columns.map(({ text }) => text(run))]) : `${JSON.stringify(run)}\n`

const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`

/** RFC 4180; a cell that a spreadsheet would take for a formula begins with an apostrophe, as in exports of the trail. */
const csvCell = (text: string): string => {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.]+$/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

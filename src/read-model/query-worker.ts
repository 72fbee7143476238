/** A thread that answers the queries which look at many rows, so that no other request waits for them. */
import { openForReading } from './database.ts'
import type { RunPage, RunQuery } from './read-model.ts'
import { createRunLister, LARGE, type RunLister } from './run-queries.ts'

export type QueryTask = Readonly<{ path: string; query: RunQuery }>

// A thread serves one file for all its life.
let list: RunLister | null = null

export const listRuns = ({ path, query }: QueryTask): RunPage => {
  list ??= open(path)
  const page = list(query, LARGE)
  if (page === null) throw new Error('the large budget sets no end to a walk')
  return page
}

const open = (path: string): RunLister => {
  const opened = openForReading(path)
  if (opened._tag === 'Left') throw new Error(JSON.stringify(opened.left))
  return createRunLister(opened.right)
}

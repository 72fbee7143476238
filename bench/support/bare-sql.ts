/** What the read model asks SQLite for an answer, on bare prepared statements. */
import type { SQLInputValue } from 'node:sqlite'
import { openForReading } from '../../src/read-model/sqlite/database.ts'
import type { Statement } from '../../src/read-model/sqlite/reading/statements.ts'

/** `text`: which column of the first statement's rows holds the JSON that is answered; null where the rows themselves are. */
export type BareQuery = Readonly<{ statements: readonly Bare[]; text: number | null }>

/** As plain data, which can be told to another process. */
type Bare = Readonly<{ sql: string; values: readonly unknown[] }>

export const bareQuery = (statements: readonly Statement[], text: number | null): BareQuery => ({
  statements: statements.map(({ sql, parameters: values }) => ({ sql, values })),
  text,
})

export type BareSql = Readonly<{
  /** By name: asks for the rows, and makes the answer of them. */
  answers: Readonly<Record<string, () => string>>
  close: () => void
}>

export const openBareSql = (readModel: string, queries: Readonly<Record<string, BareQuery>>): BareSql => {
  const opened = openForReading(readModel)
  if (opened._tag === 'Left') throw new Error(`${readModel}: ${opened.left._tag}`)
  const db = opened.right
  const answerOf = ({ statements, text }: BareQuery) => {
    const reads = statements.map(({ sql, values }) => {
      const statement = db.prepare(sql)
      statement.setReturnArrays(true)
      return () => statement.all(...(values as SQLInputValue[])) as unknown as readonly (readonly unknown[])[]
    })
    return text === null
      ? () => JSON.stringify({ data: reads.map((read) => read()) })
      : () =>
          `{"data":[${reads
            .map((read) => read())[0]
            ?.map((row) => row[text])
            .join(',')}]}`
  }
  return {
    answers: Object.fromEntries(Object.entries(queries).map(([name, query]) => [name, answerOf(query)])),
    close: () => db.close(),
  }
}

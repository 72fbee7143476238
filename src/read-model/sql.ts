/**
 * SQL put together of pieces, each with its parameters: for what is put together anew for every request, which takes kysely
 * as long as SQLite takes to answer. A limit is written `0 + ?`: SQLite plans by a bare parameter, and so plans anew at each use.
 */

/** A piece of SQL, or a whole statement. A `?` stands for each of the parameters. */
export type Sql = Readonly<{ sql: string; parameters: readonly SqlValue[] }>
export type SqlValue = string | number | null

/** In a template pieces are inserted, and values become parameters. Text of a caller's may only be a value. */
export const sql = (texts: TemplateStringsArray, ...parts: readonly (Sql | SqlValue)[]): Sql => {
  let text = texts[0] as string
  const parameters: SqlValue[] = []
  for (let i = 0; i < parts.length; i += 1) {
    text += add(parts[i] as Sql | SqlValue, parameters) + texts[i + 1]
  }
  return { sql: text, parameters }
}

/** Text as it is: names of tables and columns. */
export const raw = (text: string): Sql => ({ sql: text, parameters: [] })

export const joined = (parts: readonly (Sql | SqlValue)[], separator = ', '): Sql => {
  const parameters: SqlValue[] = []
  return { sql: parts.map((part) => add(part, parameters)).join(separator), parameters }
}

const add = (part: Sql | SqlValue, parameters: SqlValue[]): string => {
  if (typeof part !== 'object' || part === null) {
    parameters.push(part)
    return '?'
  }
  for (const parameter of part.parameters) parameters.push(parameter)
  return part.sql
}

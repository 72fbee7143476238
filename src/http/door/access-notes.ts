/** What routes note of an answer for the access log: how many rows it has. */
import type { FastifyReply, FastifyRequest } from 'fastify'

const ROWS_OF = Symbol('rows')

/** The property for the count. Declared before the first request, so that all requests have one hidden class. */
export const ROWS: symbol = ROWS_OF

type Counting = { [ROWS_OF]?: number | null }

/** Adds to the rows of the answer: items of a list, Entries of a trail or a stream, lines of a batch. */
export const countRows = ({ request }: Pick<FastifyReply, 'request'>, rows: number): void => {
  const counting = request as Counting
  counting[ROWS_OF] = (counting[ROWS_OF] ?? 0) + rows
}

/** Null where the route counts none. */
export const rowsOf = (request: FastifyRequest): number | null => (request as Counting)[ROWS_OF] ?? null

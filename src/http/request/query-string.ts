/** Strict query strings: a broken percent-encoding is refused. */
import { parse } from 'fast-querystring'

/** Replaces the parameters where the text cannot be decoded: fastify's parser cannot fail. */
export const UNDECODABLE: Readonly<Record<string, unknown>> = Object.freeze({})

/** The parameters of every request without a query. */
export const NO_PARAMETERS: Readonly<Record<string, unknown>> = Object.freeze({})

/** The parameters of `text`; those that are repeated are arrays. */
export const parseQueryString = (text: string): Record<string, unknown> => {
  if (text === '') return NO_PARAMETERS
  if (text.includes('%') && !isDecodable(text)) return UNDECODABLE
  // The size of a request line bounds their number.
  return parse(text)
}

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

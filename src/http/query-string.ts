/** Query strings, taken strictly: a broken percent-encoding is told, not guessed at. */

type Asked = Readonly<Record<string, string | readonly string[]>>

/** Stands in place of the parameters where the text cannot be decoded; fastify's parser cannot fail. */
export const UNDECODABLE: Asked = Object.freeze({})

/** Of a request without a query, always this one. */
export const NO_PARAMETERS: Asked = Object.freeze({})

/** The parameters of `text`; those that are repeated are arrays. The size of a request line bounds their number. */
export const parseQueryString = (text: string): Record<string, unknown> => {
  if (text === '') return NO_PARAMETERS
  try {
    return parametersIn(text, text.includes('%') || text.includes('+') ? decoded : asItIs)
  } catch {
    return UNDECODABLE
  }
}

/** Throws where `read` does. */
const parametersIn = (text: string, read: (part: string) => string): Asked => {
  const parameters: Record<string, string | string[]> = Object.create(NOTHING)
  for (const pair of text.split('&')) if (pair !== '') put(parameters, pair, read)
  return parameters
}

const put = (parameters: Record<string, string | string[]>, pair: string, read: (part: string) => string): void => {
  const equals = pair.indexOf('=')
  const name = read(equals === -1 ? pair : pair.slice(0, equals))
  const value = equals === -1 ? '' : read(pair.slice(equals + 1))
  const known = parameters[name]
  if (known === undefined) parameters[name] = value
  else if (typeof known === 'string') parameters[name] = [known, value]
  else known.push(value)
}

// No parameter is taken for what every object has. An object without any prototype would be a slower one.
const NOTHING: object = Object.freeze(Object.create(null))

const asItIs = (part: string): string => part

const decoded = (part: string): string => decodeURIComponent(part.replaceAll('+', ' '))

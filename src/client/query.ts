/** Query strings out of the types that the server reads them into. */

/** A query as callers write it: every parameter may be left out, and a single value stand for a list of one. */
export type QueryOf<Query> = { readonly [Name in keyof Query]?: OneOrMany<Query[Name]> | undefined }

type OneOrMany<Value> = NonNullable<Value> extends readonly (infer Item)[] ? Item | readonly Item[] : Value

/** `?…`, or nothing. Lists repeat their name; the members of an object become `name[key]`. */
export const queryString = (query: object): string => {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) append(parameters, name, value)
  return parameters.size === 0 ? '' : `?${parameters}`
}

const append = (parameters: URLSearchParams, name: string, value: unknown): void => {
  if (value === undefined || value === null) return
  if (Array.isArray(value)) for (const item of value) parameters.append(name, String(item))
  else if (typeof value === 'object')
    for (const [key, member] of Object.entries(value)) append(parameters, `${name}[${key}]`, member)
  else parameters.append(name, String(value))
}

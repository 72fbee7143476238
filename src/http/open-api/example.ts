/** What an example of an operation is. */

/** `parameters` by name, wherever they stand; `answers` by media type. Of NDJSON, in and out, it is one line. */
export type Example = Readonly<{
  parameters?: Readonly<Record<string, unknown>>
  body?: unknown
  status?: 201
  answers?: Readonly<Record<string, unknown>>
}>

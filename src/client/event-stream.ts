/** Reads server-sent events out of an answer's body, as the HTML standard says (section 9.2.6). */

/**
 * `id` is the last one that came, also with an event that has no data: such an event only moves it. (The parsers at hand
 * leave those out, and with them where a stream without matches is to go on.) `data` is null then.
 */
export type ServerSentEvent = Readonly<{ id: string | null; data: string | null; retry: number | null }>

/** Ends where the body ends, and fails where it is cut. `onBytes` is called whenever something arrives. */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let fields = NO_FIELDS
  let id: string | null = null
  let rest = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    onBytes()
    const from = rest.length
    rest += decoder.decode(part.value, { stream: true })
    let start = 0
    for (let end = rest.indexOf('\n', from); end !== -1; end = rest.indexOf('\n', start)) {
      const line = rest.slice(start, rest.charAt(end - 1) === '\r' ? end - 1 : end)
      start = end + 1
      if (line !== '') {
        fields = withLine(fields, line)
        continue
      }
      id = fields.id ?? id
      yield { id, data: fields.data, retry: fields.retry }
      fields = NO_FIELDS
    }
    rest = rest.slice(start)
  }
}

const NO_FIELDS: ServerSentEvent = { id: null, data: null, retry: null }

const withLine = (fields: ServerSentEvent, line: string): ServerSentEvent => {
  const colon = line.indexOf(':')
  const name = colon === -1 ? line : line.slice(0, colon)
  const value = colon === -1 ? '' : line.slice(line.charAt(colon + 1) === ' ' ? colon + 2 : colon + 1)
  switch (name) {
    case 'id':
      return { ...fields, id: value }
    case 'data':
      return { ...fields, data: fields.data === null ? value : `${fields.data}\n${value}` }
    case 'retry':
      return /^\d+$/.test(value) ? { ...fields, retry: Number(value) } : fields
    default:
      return fields
  }
}

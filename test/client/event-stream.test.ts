import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventsOf, type ServerSentEvent } from '../../src/client/event-stream.ts'

/** What is read out of `text` when it arrives in pieces that end at `cuts`, in bytes. */
const read = async (text: string, cuts: readonly number[] = []): Promise<readonly ServerSentEvent[]> => {
  const bytes = new TextEncoder().encode(text)
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      let from = 0
      for (const end of ends) {
        if (end > from) controller.enqueue(bytes.slice(from, end))
        from = end
      }
      controller.close()
    },
  })
  const events: ServerSentEvent[] = []
  for await (const event of eventsOf(body, () => undefined)) events.push(event)
  return events
}

test('an event has its id, and its data line by line', async () => {
  expect(await read('id: 7\nevent: RunCreated\ndata: {"a":\ndata:1}\n\n')).toEqual([
    { id: '7', data: '{"a":\n1}', retry: null },
  ])
})

test('an id alone moves the id, and stays for what comes without one', async () => {
  expect(await read('retry: 2000\nid: 1\n\ndata: x\n\n')).toEqual([
    { id: '1', data: null, retry: 2000 },
    { id: '1', data: 'x', retry: null },
  ])
})

test('comments, unknown fields and a retry that is no number say nothing; lines may end in CR LF', async () => {
  expect(await read(': hello\r\nretry: soon\r\ncolour: red\r\ndata\r\n\r\n')).toEqual([
    { id: null, data: '', retry: null },
  ])
})

test('an event that was cut off before its blank line is none', async () => {
  expect(await read('id: 1\ndata: whole\n\nid: 2\ndata: half\n')).toEqual([{ id: '1', data: 'whole', retry: null }])
})

test('where the pieces end makes no difference', async () => {
  const text = 'id: 1\r\nevent: RunCreated\r\ndata: {"name":"Zoë 🦊"}\r\n\r\n: still here\n\nid: 2\n\ndata: x\n\n'
  const whole = await read(text)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat()), async (cuts) => {
      expect(await read(text, cuts)).toEqual(whole)
    }),
  )
})

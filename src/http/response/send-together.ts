/** Sends the answers of one tick of the event loop one right after another. */

/**
 * `text` once all requests that came in this tick have been looked at. A write wakes whoever waits at the other end, which
 * costs more than a short answer takes to make; those who get many in a row are woken once.
 */
export const sendTogether = async <Text>(text: Text | Promise<Text>): Promise<Text> => {
  const made = await text
  await endOfTick()
  return made
}

let tick: Promise<void> | null = null

const endOfTick = (): Promise<void> => {
  tick ??= new Promise((resolve) => {
    setImmediate(() => {
      tick = null
      resolve()
    })
  })
  return tick
}

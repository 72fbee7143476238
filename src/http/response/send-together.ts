/** Sends the answers of one tick of the event loop one right after another. */

/**
 * Resolves to `text` once all requests of this tick have been handled. Each write wakes the client, which costs more than a
 * short answer takes to make; a client with many answers is woken once.
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

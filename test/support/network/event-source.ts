/** A real EventSource that follows a server's stream, and what came of it. */
import { EventSource } from 'eventsource'
import { onTestFinished } from 'vitest'

export type Came = Readonly<{ id: string; type: string; data: string }>

export type Follower = Readonly<{
  source: EventSource
  came: readonly Came[]
  /** Once `is` holds of what came so far. */
  until: (is: (came: readonly Came[]) => boolean) => Promise<readonly Came[]>
  /** The status with which it was refused for good. */
  refused: Promise<number | undefined>
}>

const TYPES = ['RunCreated', 'RunStarted', 'RunStatusChanged', 'RunCompleted', 'SomethingElse']

/** It begins at once, and ends with the test. */
export const follow = (url: string): Follower => {
  const came: Came[] = []
  const source = new EventSource(url)
  onTestFinished(() => source.close())
  for (const name of TYPES)
    source.addEventListener(name, ({ lastEventId, type, data }) => {
      came.push({ id: lastEventId, type, data: String(data) })
    })
  return {
    source,
    came,
    until: (is) =>
      new Promise((resolve) => {
        const look = () => {
          if (is(came)) resolve(came)
          else setTimeout(look, 10)
        }
        look()
      }),
    refused: new Promise((resolve) => {
      source.addEventListener('error', ({ code }) => {
        if (source.readyState === source.CLOSED) resolve(code)
      })
    }),
  }
}

/** Once it is connected, so that what is done from then on comes. */
export const opened = ({ source }: Follower): Promise<void> =>
  new Promise((resolve) => {
    if (source.readyState === source.OPEN) resolve()
    else source.addEventListener('open', () => resolve())
  })

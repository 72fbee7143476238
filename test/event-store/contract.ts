/** The port's contract: what every event store does, run over each adapter. */
import { afterEach, beforeEach, describe } from 'vitest'
import type { EventStore } from '../../src/event-store/event-store.ts'
import { appending } from './contract-appending.ts'
import { closing } from './contract-closing.ts'
import { marking } from './contract-marking.ts'
import { reading } from './contract-reading.ts'
import { subscribing } from './contract-subscribing.ts'
import type { Place } from './place.ts'

/** What a test of the contract works on; fresh for each test. */
export type Subject = { place: Place; store: EventStore }

/** Runs the contract over an adapter: `makePlace` makes a place for one log. */
export const eventStoreContract = (name: string, makePlace: () => Promise<Place>): void => {
  describe(`${name} keeps the event store's contract`, () => {
    const subject = {} as Subject
    beforeEach(async () => {
      subject.place = await makePlace()
      subject.store = await subject.place.open('write')
    })
    afterEach(() => subject.place.remove())
    describe('appending', () => appending(subject))
    describe('reading', () => reading(subject))
    describe('subscribing', () => subscribing(subject))
    describe('marking streams', () => marking(subject))
    describe('closing', () => closing(subject))
  })
}

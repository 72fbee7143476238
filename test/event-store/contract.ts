/** The port's contract: what every event store does, run over each adapter. */
import { afterEach, beforeEach, describe } from 'vitest'
import { accessing } from './contract-access.ts'
import { appending } from './contract-appending.ts'
import { bytes } from './contract-bytes.ts'
import { closing } from './contract-closing.ts'
import { marking } from './contract-marking.ts'
import { reading } from './contract-reading.ts'
import { subscribing } from './contract-subscribing.ts'
import type { Place, Subject } from './place.ts'

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
    describe('bytes', () => bytes(subject))
    describe('subscribing', () => subscribing(subject))
    describe('marking streams', () => marking(subject))
    describe('the access stream', () => accessing(subject))
    describe('closing', () => closing(subject))
  })
}

/**
 * The counts of the rate limits. The plugin's own store hands out one object for all requests of a key, so that of requests
 * that come in one packet none is admitted: each sees the count of the last.
 */
import type { FastifyRateLimitStore } from '@fastify/rate-limit'
import { LRUCache } from 'lru-cache'

type Window = { count: number; readonly ends: number }

/** A class, because the plugin makes it. */
export class RateStore implements FastifyRateLimitStore {
  // The least recently seen callers are forgotten first.
  readonly #windows = new LRUCache<string, Window>({ max: 10_000 })

  incr(key: string, callback: Counted, timeWindow: number): void {
    const window = this.#open(key) ?? { count: 0, ends: Date.now() + timeWindow }
    window.count += 1
    this.#windows.set(key, window)
    callback(null, countOf(window))
  }

  read(key: string, callback: Counted): void {
    callback(null, countOf(this.#open(key) ?? { count: 0, ends: 0 }))
  }

  child(): RateStore {
    return new RateStore()
  }

  #open(key: string): Window | undefined {
    const window = this.#windows.get(key)
    return window !== undefined && window.ends > Date.now() ? window : undefined
  }
}

type Counted = (error: Error | null, result?: { current: number; ttl: number }) => void

const countOf = ({ count, ends }: Window) => ({ current: count, ttl: Math.max(0, ends - Date.now()) })

/** The live tail: what the log took since the page was loaded, each entry once, whatever breaks in between. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Entry } from '../../client/client.ts'
import { ledger } from '../lib/ledger.ts'
import { useLive } from '../lib/live.ts'
import { auditQuery, PAGE_SIZE } from './audit-query.ts'

/**
 * `entries`, newest first; `gap`: more came at once than is shown, older ones are on the next page; `held`: new ones wait
 * until the reader is back at the top, so that what is being read does not move.
 */
export type Tail = Readonly<{ entries: readonly Entry[]; gap: boolean; held: boolean }>

const NONE: Tail = { entries: [], gap: false, held: false }
// So that a tab that follows for days does not grow.
const MOST = 500
const PERIOD_MS = 1_000
// Further down than this somebody reads.
const TOP_PX = 100

/** Follows while `on`, from the newest entry of `page`. It asks by position: what was seen is never shown twice. */
export const useTail = (params: URLSearchParams, on: boolean, page: readonly Entry[] | null): Tail => {
  const [tail, setTail] = useState<Tail>(NONE)
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  const newest = useRef('')
  const key = `${params}`
  // Another query starts over
  useEffect(() => {
    newest.current = page?.[0]?.position ?? ''
    setTail(NONE)
  }, [page, key])
  useEffect(() => () => clearTimeout(timer.current ?? undefined), [])
  const look = async () => {
    timer.current = null
    if (scrollY > TOP_PX) return setTail((before) => (before.held ? before : { ...before, held: true }))
    const answer = await ledger.listEntries(auditQuery(params))
    if (answer._tag === 'Left') return
    const fresh = answer.right.data.filter(({ position }) => position > newest.current)
    if (fresh.length === 0) return setTail((before) => (before.held ? { ...before, held: false } : before))
    newest.current = fresh[0]?.position ?? newest.current
    const jumped = fresh.length === PAGE_SIZE
    setTail((before) => ({
      entries: (jumped ? fresh : [...fresh, ...before.entries]).slice(0, MOST) as readonly Entry[],
      gap: jumped || before.gap || fresh.length + before.entries.length > MOST,
      held: false,
    }))
  }
  useEffect(() => {
    if (!tail.held) return
    const back = () => {
      if (scrollY <= TOP_PX) void look()
    }
    addEventListener('scroll', back)
    return () => removeEventListener('scroll', back)
  }, [tail.held, key])
  useLive(() => {
    if (on && page !== null) timer.current ??= setTimeout(look, PERIOD_MS)
  })
  return on ? tail : NONE
}

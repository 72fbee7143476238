/** What surrounds every page: its name, the way to the others, the zone, whether it is live, and the keys. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { KeyHelp } from './key-help.tsx'
import { apiHref, pageHref, runHref, useAddress } from './lib/address.ts'
import { useKeys } from './lib/keys.ts'
import { liveState, useLive } from './lib/live.ts'
import { askSession, may, mustSignIn, session, signOut } from './lib/session.ts'
import { isUtc, switchZone, zoneName } from './lib/zone.ts'
import { Icon } from './parts/icon.tsx'
import { SignIn } from './sign-in.tsx'

const PLACES = [
  { path: '', name: 'Overview', keys: 'g o', roles: ['reader'] },
  { path: 'runs', name: 'Runs', keys: 'g r', roles: ['reader'] },
  { path: 'audit', name: 'Audit trail', keys: 'g a', roles: ['auditor'] },
  { path: 'policy-versions', name: 'Policy versions', keys: 'g v', roles: ['reader'] },
  { path: 'run-groups', name: 'Groups', keys: 'g g', roles: ['reader'] },
  { path: 'diff', name: 'Compare', keys: 'g c', roles: ['reader'] },
  { path: 'projections', name: 'Projections', keys: 'g p', roles: ['reader', 'operator'] },
] as const

export const Frame = ({ children }: Readonly<{ children: ComponentChildren }>) => {
  const address = useAddress()
  const opener = useRef<HTMLInputElement>(null)
  const isLocked = mustSignIn()
  const places = isLocked ? [] : PLACES.filter(({ roles }) => may(roles))
  useKeys([
    ...places.map(({ path, name, keys }) => ({ keys, what: name, run: () => address.go(pageHref(path)) })),
    { keys: '/', what: 'Open a run by its id', run: () => opener.current?.focus() },
    { keys: 'z', what: 'UTC or local time', run: switchZone },
  ])
  useEffect(() => copyExact(), [])
  useEffect(() => void askSession(), [])
  const open = (event: SubmitEvent) => {
    event.preventDefault()
    const id = opener.current?.value.trim() ?? ''
    if (id !== '') address.go(runHref(id))
  }
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="frame">
        <a class="name" href={pageHref('')}>
          run-ledger
        </a>
        <nav aria-label="Pages">
          {places.map(({ path, name }) => (
            <a key={path} href={pageHref(path)} aria-current={isCurrent(address.path, path) ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <div class="tools">
          {!isLocked && (
            <search>
              <form onSubmit={open}>
                <input
                  ref={opener}
                  class="open-run"
                  aria-label="Open a run by its id"
                  placeholder="Run id"
                  spellcheck={false}
                />
              </form>
            </search>
          )}
          {session.value !== null && !isLocked && may(['reader']) && <Live />}
          <Who />
          <button
            type="button"
            onClick={switchZone}
            title="Switch between UTC and local time"
            aria-label={`Times are in ${zoneName.value}. Switch to ${isUtc.value ? 'local time' : 'UTC'}`}
          >
            {zoneName.value}
          </button>
          <KeyHelp />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {isLocked ? <SignIn /> : session.value !== null && children}
      </main>
      <footer class="frame">
        <a href={apiHref('docs')}>API reference</a>
        <span class="print-only">Printed from {location.href}</span>
      </footer>
    </>
  )
}

const Who = () => {
  const principal = session.value?.principal ?? null
  if (principal === null) return null
  return (
    <>
      <span class="quiet" title={`Roles: ${session.value?.roles.join(', ') || 'none'}`}>
        {principal}
      </span>
      <button type="button" onClick={() => void signOut()}>
        Sign out
      </button>
    </>
  )
}

const isCurrent = (at: string, path: string): boolean => {
  const [own, here] = [pageHref(path).replace(/\/$/, ''), at.replace(/\/$/, '')]
  return here === own || (path !== '' && here.startsWith(`${own}/`))
}

const LIVE = {
  connecting: { icon: 'waiting', word: 'Connecting', tone: 'quiet' },
  live: { icon: 'live', word: 'Live', tone: 'good' },
  cut: { icon: 'cut', word: 'Not live: reconnecting', tone: 'bad' },
} as const

const Live = () => {
  useLive(() => undefined)
  const { icon, word, tone } = LIVE[liveState.value]
  return (
    <span class={`live status ${tone}`} role="status">
      <Icon name={icon} />
      {word}
    </span>
  )
}

type PageProps = Readonly<{
  title: string
  heading?: ComponentChildren
  aside?: ComponentChildren
  children: ComponentChildren
}>

/** One page: `title` names the window too; `heading` stands in its place where it is more than text. */
export const Page = ({ title, heading = title, aside, children }: PageProps) => {
  useEffect(() => {
    document.title = `${title} · run-ledger`
  }, [title])
  return (
    <>
      <div class="page-head">
        <h1>{heading}</h1>
        {aside}
      </div>
      {children}
    </>
  )
}

/** What is copied holds exact times and durations in place of those made for reading. */
const copyExact = (): (() => void) => {
  const onCopy = (event: ClipboardEvent) => {
    const selection = getSelection()
    if (selection === null || selection.rangeCount === 0) return
    const range = selection.getRangeAt(0)
    const { commonAncestorContainer: around } = range
    const inside = around instanceof Element ? around : around.parentElement
    const exact = inside?.closest<HTMLElement>('[data-exact]')?.dataset['exact']
    const part = range.cloneContents()
    const parts = part.querySelectorAll<HTMLElement>('[data-exact]')
    if (exact === undefined && parts.length === 0) return
    for (const element of parts) element.textContent = element.dataset['exact'] ?? ''
    event.clipboardData?.setData('text/plain', exact ?? part.textContent ?? '')
    event.preventDefault()
  }
  document.addEventListener('copy', onCopy)
  return () => document.removeEventListener('copy', onCopy)
}

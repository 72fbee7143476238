/** Keys: what can be done without a pointer. A page adds its own while it is shown. */
import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { stored } from './stored.ts'

export type KeyAction = Readonly<{ keys: string; what: string; run: () => void }>

/** Every action that can be done now, for the list that `?` shows. */
export const keyActions = signal<readonly KeyAction[]>([])

/** Single keys get in the way of speech input and some screen readers: they can be switched off. */
export const keysSwitch = stored('keys', 'on')

/** Makes `actions` available while the component is shown. `keys` is one key, or two after each other: `g r`. */
export const useKeys = (actions: readonly KeyAction[]): void => {
  const latest = useRef(actions)
  latest.current = actions
  const names = actions.map(({ keys, what }) => `${keys} ${what}`).join()
  // The same names stand for the same actions
  useEffect(() => {
    const mine = actions.map((action, at) => ({ ...action, run: () => latest.current[at]?.run() }))
    keyActions.value = [...keyActions.value, ...mine]
    return () => {
      keyActions.value = keyActions.value.filter((action) => !mine.includes(action))
    }
  }, [names])
}

let first: string | null = null

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTaken(event)) return
  if (keysSwitch.value !== 'on' && event.key !== '?') return
  const pressed = first === null ? event.key : `${first} ${event.key}`
  const actions = keyActions.value
  // The page's own come after those of the frame, and win.
  const action = actions.findLast(({ keys }) => keys.split(', ').includes(pressed))
  first = null
  if (action !== undefined) {
    event.preventDefault()
    action.run()
  } else if (actions.some(({ keys }) => keys.startsWith(`${event.key} `))) {
    first = event.key
  }
})

/** Whether the key belongs to what has the focus: text, or a slider and its arrows. */
const isTaken = ({ target, key }: KeyboardEvent): boolean => {
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLInputElement && target.type === 'range') return /^(Arrow|Home|End|Page)/.test(key)
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox'
  if (key === 'Enter') return target.closest('a, button, summary') !== null
  return target.closest('dialog, select, textarea') !== null
}

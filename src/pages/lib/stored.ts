/** What the browser remembers of its reader between visits. Never part of what a page shows to others. */
import { effect, type Signal, signal } from '@preact/signals'

const PREFIX = 'run-ledger.'

/** A signal whose value survives, where the browser allows it. */
export const stored = (name: string, initial: string): Signal<string> => {
  const value = signal(read(localStorage, name) ?? initial)
  effect(() => write(localStorage, name, value.value))
  return value
}

/** The same for one tab. */
export const forTab = {
  read: (name: string): string | null => read(sessionStorage, name),
  write: (name: string, value: string): void => write(sessionStorage, name, value),
}

// A browser that is set to store nothing throws.
const read = (storage: Storage, name: string): string | null => {
  try {
    return storage.getItem(PREFIX + name)
  } catch {
    return null
  }
}

const write = (storage: Storage, name: string, value: string): void => {
  try {
    storage.setItem(PREFIX + name, value)
  } catch {
    // Then it is forgotten with the page.
  }
}

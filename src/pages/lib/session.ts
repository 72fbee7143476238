/** Who uses the pages, and what they may do. */
import { signal } from '@preact/signals'
import type { SessionAnswer } from '../../api/keys.ts'
import type { ClientProblem } from '../../client/client.ts'
import { BASE } from './address.ts'
import { ledger } from './ledger.ts'

/** Null until the server has said. */
export const session = signal<SessionAnswer | null>(null)

/** Asks the server again. Where it does not answer, pages are shown as they are, and say so themselves. */
export const askSession = async (): Promise<void> => {
  const answer = await ledger.getSession()
  session.value = answer._tag === 'Right' ? answer.right : (session.value ?? UNKNOWN)
}

const UNKNOWN: SessionAnswer = {
  authentication: 'off',
  sign_in: null,
  principal: null,
  roles: [],
  act_as: null,
  expires_at: null,
}

type Role = SessionAnswer['roles'][number]

/** Whether one of `roles` is enough, as the routes have it: who may do as an auditor may do as a reader. */
export const may = (roles: readonly Role[]): boolean => {
  const { authentication, roles: held } = session.value ?? UNKNOWN
  return (
    authentication === 'off' ||
    held.some((role) => roles.includes(role) || (role === 'auditor' && roles.includes('reader')))
  )
}

/** Whether nothing can be shown before somebody has signed in. */
export const mustSignIn = (): boolean =>
  session.value !== null && session.value.authentication === 'on' && session.value.principal === null

/** Returns why it did not work; null where it did. Pages begin again, as the one who signed in sees them. */
export const signInWith = async (key: string): Promise<ClientProblem | null> => {
  const answer = await ledger.signIn(key)
  if (answer._tag === 'Left') return answer.left
  location.reload()
  return null
}

export const signOut = async (): Promise<void> => {
  await ledger.signOut()
  location.reload()
}

/** The page that is open, for the issuer to return to. */
export const returnTo = (): string => {
  const path = `/ui/${location.pathname.slice(BASE.length)}${location.search}`
  return PATH.test(path) ? path : '/ui/'
}

const PATH = /^\/ui\/[\w.~!$&'()*+,;=:@%/?-]*$/

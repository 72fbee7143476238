/** Shown in place of every page until somebody has signed in. */
import { useEffect, useState } from 'preact/hooks'
import type { ClientProblem } from '../client/client.ts'
import { apiHref } from './lib/address.ts'
import { returnTo, session, signInWith } from './lib/session.ts'
import { ProblemNotice } from './parts/problem.tsx'

export const SignIn = () => {
  useEffect(() => {
    document.title = 'Sign in · run-ledger'
  }, [])
  return (
    <>
      <div class="page-head">
        <h1>Sign in</h1>
      </div>
      {session.value?.sign_in === 'issuer' ? (
        <p>
          <a href={apiHref('auth/sign-in', { return_to: returnTo() })}>Sign in at the issuer</a>
        </p>
      ) : (
        <KeyForm />
      )}
    </>
  )
}

const KeyForm = () => {
  const [problem, setProblem] = useState<ClientProblem | null>(null)
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const key = new FormData(event.currentTarget as HTMLFormElement).get('key')
    setProblem(await signInWith(String(key).trim()))
  }
  return (
    <>
      <form class="moment-form" onSubmit={submit}>
        <label>
          Key
          <input name="key" type="password" autocomplete="off" required placeholder="rl_…" />
        </label>
        <button type="submit">Sign in</button>
      </form>
      <p>
        This ledger asks for credentials. An administrator issues keys; the session ends with the key, or when you sign
        out.
      </p>
      {problem !== null && <ProblemNotice problem={problem} />}
    </>
  )
}

/** Keys, and the session of a browser. */
import type { IssueKeyBody, KeyAnswer, KeyIssuedAnswer, KeysAnswer, SessionAnswer } from '../api/keys.ts'
import { type CallOptions, type Context, correlation } from './context.ts'
import { type Result, right } from './result.ts'
import { attempt, type Sending, send } from './send.ts'

export type AccessCalls = Readonly<{
  /** Sent once: after a failure of the network `listKeys` shows whether the key was issued. */
  issueKey: (body: IssueKeyBody, options?: CallOptions) => Promise<Result<KeyIssuedAnswer>>
  listKeys: (options?: CallOptions) => Promise<Result<KeysAnswer>>
  revokeKey: (key_id: string, options?: CallOptions) => Promise<Result<KeyAnswer>>
  /** Who the client is to the server, and what it may do. */
  getSession: (options?: CallOptions) => Promise<Result<SessionAnswer>>
  /** Begins the session of a browser with a key, which the browser then sends with each request. */
  signIn: (key: string, options?: CallOptions) => Promise<Result<SessionAnswer>>
  signOut: (options?: CallOptions) => Promise<Result<SessionAnswer>>
}>

export const accessCalls = ({ transport }: Context): AccessCalls => {
  const sendingOf = (method: Sending['method'], path: string, body: unknown, options: CallOptions = {}): Sending => ({
    method,
    path,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? undefined : { 'content-type': 'application/json' }),
      ...correlation(options),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    timeout: TIMEOUT_MS,
    signal: options.signal,
  })
  const repeated = async <Answer>(sending: Sending): Promise<Result<Answer>> => {
    const answer = await send(transport, sending, (response) => response.json() as Promise<Answer>)
    return answer._tag === 'Left' ? answer : right(answer.right.body)
  }
  const once = async <Answer>(sending: Sending): Promise<Result<Answer>> => {
    const { result } = await attempt(transport, sending, (response) => response.json() as Promise<Answer>)
    return result._tag === 'Left' ? result : right(result.right.body)
  }
  return {
    issueKey: (body, options) => once(sendingOf('POST', 'keys', body, options)),
    listKeys: (options) => repeated(sendingOf('GET', 'keys', undefined, options)),
    revokeKey: (key_id, options) =>
      repeated(sendingOf('DELETE', `keys/${encodeURIComponent(key_id)}`, undefined, options)),
    getSession: (options) => repeated(sendingOf('GET', 'auth/session', undefined, options)),
    signIn: (key, options) => once(sendingOf('POST', 'auth/session', { key }, options)),
    signOut: (options) => repeated(sendingOf('DELETE', 'auth/session', undefined, options)),
  }
}

const TIMEOUT_MS = 15_000

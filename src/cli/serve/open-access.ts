/** Opens the access of a server, and checks that anyone who can connect to it is kept out or meant to come in. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type Access, startAccess } from '../../access/access.ts'
import { createTokenVerifier } from '../../access/tokens.ts'
import { isLoopback, type ListenConfig, type UsageFailure, usageFailure } from '../../config.ts'
import type { EventStore } from '../../event-store/event-store.ts'
import type { AccessPlan } from './access-options.ts'

/** UsageFailure where anybody could connect without credentials and nobody said that this is intended, or the other way round. */
export const openAccess = (
  store: EventStore,
  { tokens, signIn, sessionKey }: AccessPlan,
  listen: ListenConfig,
): TE.TaskEither<UsageFailure, Access> => {
  const isLocal = isLoopback(listen.host)
  return pipe(
    TE.fromTask(() =>
      startAccess({
        store,
        // Beyond loopback a server that was opened to everybody closes once keys are issued.
        unauthenticated: listen.unauthenticated && isLocal,
        takesCredentials: isLocal || listen.protectsCredentials,
        verifyToken: tokens === null ? null : createTokenVerifier(tokens),
        signIn,
        sessionKey,
      }),
    ),
    TE.flatMap((access) => {
      const fault = isLocal ? null : faultOf(listen, access.isOn())
      if (fault === null) return TE.right(access)
      return pipe(
        TE.fromTask(access.close),
        TE.flatMap(() => TE.left(usageFailure(fault))),
      )
    }),
  )
}

const faultOf = ({ host, unauthenticated }: ListenConfig, isOn: boolean): string | null => {
  if (unauthenticated && isOn)
    return `--unauthenticated would let anybody in who reaches --host ${host}, although keys or an issuer are there: leave it out`
  if (!unauthenticated && !isOn)
    return (
      `--host ${host} can be reached from other machines, and nobody needs credentials yet: ` +
      'issue the first key with `run-ledger keys issue --name NAME --role admin`, or configure --oidc-issuer; ' +
      'or add --unauthenticated where the network itself is trusted'
    )
  return null
}

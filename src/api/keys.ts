/** The wire contract of keys and sessions. */
import { z } from 'zod'
import { ActAs, KeyId, KeyName, KeyRoles } from '../access/events.ts'
import { ROLES } from '../access/roles.ts'
import { optional } from '../run/commands.ts'
import { TimeInput } from '../run/time.ts'
import { AnswerTime } from './answers.ts'

export const IssueKeyBody = z.strictObject({
  name: KeyName.meta({ description: 'its principal is `key:<name>`', example: 'scoring' }),
  roles: KeyRoles,
  act_as: optional(ActAs).meta({
    description: 'the actors that it may name beside itself; `*` matches any characters',
    example: 'user:*',
  }),
  not_before: optional(TimeInput),
  expires_at: optional(TimeInput).meta({ description: 'at most 365 days from now; 90 if not given' }),
  succeeds: optional(KeyId).meta({ description: "the id of the owner's last key, whose name this one takes over" }),
})
export type IssueKeyBody = z.input<typeof IssueKeyBody>

export const KeyAnswer = z
  .object({
    key_id: KeyId,
    name: KeyName,
    principal: z.string().meta({ example: 'key:scoring' }),
    roles: z.array(z.enum(ROLES)),
    act_as: z.string().nullable(),
    status: z.enum(['valid', 'not_yet_valid', 'expired', 'revoked']),
    not_before: AnswerTime,
    expires_at: AnswerTime,
    issued_at: AnswerTime,
    issued_by: z.string(),
    revoked_at: AnswerTime.nullable(),
    revoked_by: z.string().nullable(),
  })
  .meta({ id: 'Key', description: 'A key, without its secret, which nobody can read again' })
export type KeyAnswer = Readonly<z.infer<typeof KeyAnswer>>

export const KeyIssuedAnswer = KeyAnswer.extend({
  key: z.string().meta({ description: 'the key itself: shown this once', example: 'rl_…' }),
}).meta({ id: 'IssuedKey' })
export type KeyIssuedAnswer = Readonly<z.infer<typeof KeyIssuedAnswer>>

export const KeysAnswer = z.object({ data: z.array(KeyAnswer) }).meta({ id: 'Keys' })
export type KeysAnswer = Readonly<z.infer<typeof KeysAnswer>>

export const SignInBody = z.strictObject({ key: z.string().max(512) })

export const SessionAnswer = z
  .object({
    authentication: z.enum(['off', 'on']).meta({ description: 'whether requests need credentials' }),
    sign_in: z.enum(['key', 'issuer']).nullable().meta({ description: 'how a browser signs in' }),
    principal: z.string().nullable().meta({ description: 'null: nobody is signed in' }),
    roles: z.array(z.enum(ROLES)),
    act_as: z.string().nullable(),
    expires_at: AnswerTime.nullable(),
  })
  .meta({ id: 'Session', description: 'Who sends the request' })
export type SessionAnswer = Readonly<z.infer<typeof SessionAnswer>>

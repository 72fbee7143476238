/** Whom a verifier trusts: the keys of the log and of its witnesses. A key that comes with a proof proves nothing. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { COSIGNATURE, ED25519, parseVkey, type VerifierKey } from '../formats/note.ts'

/** A key of the log and the tree sizes for which it is trusted: keys are rotated. `to` is inclusive; null means no end. */
export type LogKey = Readonly<{ key: VerifierKey; from: number; to: number | null }>

/** `quorum`: how many of `witnesses` must have cosigned. */
export type Policy = Readonly<{ logKeys: readonly LogKey[]; witnesses: readonly VerifierKey[]; quorum: number }>

export type PolicyRefused = Readonly<{ _tag: 'PolicyRefused'; detail: string }>

/** A policy of one key that is trusted for every size, without witnesses. Refused where `vkey` is no Ed25519 key. */
export const policyOfKey = async (vkey: string): Promise<E.Either<PolicyRefused, Policy>> =>
  policyOf({ log_keys: [{ key: vkey }] })

/** Reads a policy file: `{"log_keys":[{"key","from"?,"to"?}],"witnesses"?:[vkey],"quorum"?}`; `quorum` is all witnesses where it is missing. */
export const policyOf = async (json: unknown): Promise<E.Either<PolicyRefused, Policy>> => {
  if (!isObject(json)) return refused('a policy is a JSON object')
  const unknown = Object.keys(json).find((key) => !['log_keys', 'witnesses', 'quorum'].includes(key))
  if (unknown !== undefined) return refused(`"${unknown}" is no member of a policy`)
  const { log_keys, witnesses = [], quorum = Array.isArray(witnesses) ? witnesses.length : 0 } = json
  if (!Array.isArray(log_keys) || log_keys.length === 0) return refused('"log_keys" must name at least one key')
  if (!Array.isArray(witnesses)) return refused('"witnesses" must be a list of verifier keys')
  const keys = await Promise.all(log_keys.map(logKeyOf))
  const cosigners = await Promise.all(witnesses.map((vkey) => keyOf(vkey, COSIGNATURE)))
  const wrong = [...keys, ...cosigners].find((key) => typeof key === 'string')
  if (typeof wrong === 'string') return refused(wrong)
  if (!isCount(quorum) || quorum > cosigners.length) return refused('"quorum" must be at most the number of witnesses')
  return E.right({ logKeys: keys as readonly LogKey[], witnesses: cosigners as readonly VerifierKey[], quorum })
}

const logKeyOf = async (json: unknown): Promise<LogKey | string> => {
  if (!isObject(json)) return 'each of "log_keys" is {"key","from"?,"to"?}'
  const { key: vkey, from = 0, to = null } = json
  if (!isCount(from) || !(to === null || isCount(to))) return '"from" and "to" are sizes of trees: whole numbers'
  const key = await keyOf(vkey, ED25519)
  return typeof key === 'string' ? key : { key, from, to }
}

/** The key, or what is wrong with it. */
const keyOf = async (vkey: unknown, type: VerifierKey['type']): Promise<VerifierKey | string> => {
  if (typeof vkey !== 'string') return 'a verifier key is a text, NAME+ID+KEY'
  return pipe(
    await parseVkey(vkey),
    E.matchW(
      ({ detail }) => `${vkey}: ${detail}`,
      (key) => (key.type === type ? key : `${vkey}: it is a ${type === ED25519 ? "witness's" : "log's"} key`),
    ),
  )
}

const refused = (detail: string) => E.left({ _tag: 'PolicyRefused' as const, detail })
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

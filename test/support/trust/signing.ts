/** A log that is signed in tests: its key, where its state is, and the policy of whoever trusts it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SigningOptions } from '../../../src/trust/builder/messages.ts'
import { ED25519, vkeyText } from '../../../src/trust/formats/note.ts'
import { newSigningKey, parseSigningKey } from '../../../src/trust/formats/private-key.ts'
import { type Policy, policyOfKey } from '../../../src/trust/verify/policy.ts'

export const ORIGIN = 'ledger.example/loans'

export type TestSigning = Readonly<{ signing: SigningOptions; keyPath: string; vkey: string; policy: Policy }>

/** Signs every 50 ms, with a key in `directory` that is made where it is missing. */
export const signingIn = async (directory: string, more: Partial<SigningOptions> = {}): Promise<TestSigning> => {
  const keyPath = join(directory, 'log.key')
  if (!existsSync(keyPath)) writeFileSync(keyPath, rightOf(await newSigningKey(ORIGIN, ED25519)).text)
  const text = readFileSync(keyPath, 'utf8')
  const vkey = vkeyText(rightOf(await parseSigningKey(text)).verifier)
  return {
    signing: {
      origin: ORIGIN,
      keys: [text],
      statePaths: [`${keyPath}.state`],
      every: 50,
      directory: null,
      witnesses: [],
      ...more,
    },
    keyPath,
    vkey,
    policy: rightOf(await policyOfKey(vkey)),
  }
}

const rightOf = <Value>(answer: { _tag: 'Left'; left: unknown } | { _tag: 'Right'; right: Value }): Value => {
  if (answer._tag === 'Left') throw new Error(JSON.stringify(answer.left))
  return answer.right
}

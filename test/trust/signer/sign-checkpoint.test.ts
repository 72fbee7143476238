import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { positionText } from '../../../src/event-store/event-store.ts'
import { vkeyText } from '../../../src/trust/formats/note.ts'
import { newSigningKey, parseSigningKey } from '../../../src/trust/formats/private-key.ts'
import { signCheckpoint } from '../../../src/trust/signer/sign-checkpoint.ts'
import { openTreeFile } from '../../../src/trust/sqlite/tree-file.ts'
import { hashOfLeaf } from '../../../src/trust/tree/hashes.ts'
import type { TreeStore } from '../../../src/trust/tree/tree-store.ts'
import { policyOf } from '../../../src/trust/verify/policy.ts'
import { verifyCheckpoint } from '../../../src/trust/verify/proof.ts'
import { testDirectory } from '../../support/stores.ts'
import { logKey } from '../../support/trust/signing-keys.ts'

const emptyTree = (): TreeStore => {
  const opened = openTreeFile(join(testDirectory(), 'tree.db'), 'write')
  if (opened._tag === 'Left') throw new Error(opened.left.detail)
  onTestFinished(() => opened.right.close())
  return opened.right
}

const grow = (tree: TreeStore, leaves: number, text = 'leaf'): void =>
  tree.append(
    Array.from({ length: leaves }, (_, i) => ({
      position: positionText(tree.size() + i + 1),
      hash: hashOfLeaf(Buffer.from(`${text} ${tree.size() + i}`)),
    })),
  )

const signerOf = async (statePath = join(testDirectory(), 'signed.json')) => ({
  origin: 'ledger.example',
  keys: [await logKey('ledger.example')],
  statePaths: [statePath],
  now: () => '2026-11-29T12:00:00.000Z',
})

test('a growing tree is signed again and again, and its checkpoints verify', async () => {
  const [tree, signer] = [emptyTree(), await signerOf()]
  expect(await signCheckpoint(signer, tree)).toMatchObject({ right: null })
  const policy = await policyOf({ log_keys: signer.keys.map(({ verifier }) => ({ key: vkeyText(verifier) })) })
  if (policy._tag === 'Left') throw new Error(policy.left.detail)
  for (const size of [1, 256, 700]) {
    grow(tree, size - tree.size())
    const signed = await signCheckpoint(signer, tree)
    if (signed._tag === 'Left' || signed.right === null) throw new Error('not signed')
    expect(await verifyCheckpoint(signed.right.note, policy.right)).toMatchObject({
      right: { size, origin: 'ledger.example' },
    })
    expect(tree.newestCheckpoint()).toEqual(signed.right)
    expect(await signCheckpoint(signer, tree)).toMatchObject({ right: null })
  }
})

test('a log that lost its end, or was rewritten, is not signed, and the last checkpoint stays', async () => {
  const signer = await signerOf()
  const before = emptyTree()
  grow(before, 300)
  await signCheckpoint(signer, before)
  const shorter = emptyTree()
  grow(shorter, 200)
  expect(await signCheckpoint(signer, shorter)).toMatchObject({
    left: { detail: expect.stringContaining('restored or cut') },
  })
  const rewritten = emptyTree()
  grow(rewritten, 299)
  grow(rewritten, 200, 'another')
  expect(await signCheckpoint(signer, rewritten)).toMatchObject({
    left: { detail: expect.stringContaining('rewritten') },
  })
  expect(rewritten.newestCheckpoint()).toBe(null)
  grow(before, 1)
  expect(await signCheckpoint(signer, before)).toMatchObject({ right: { size: 301 } })
})

test('without its state a log that signed before is not signed, nor with the state of another log', async () => {
  const [tree, signer] = [emptyTree(), await signerOf()]
  grow(tree, 3)
  await signCheckpoint(signer, tree)
  expect(await signCheckpoint({ ...signer, origin: 'another.example' }, tree)).toMatchObject({
    left: { _tag: 'SigningRefused' },
  })
  rmSync(signer.statePaths[0] as string)
  expect(await signCheckpoint(signer, tree)).toMatchObject({ left: { detail: expect.stringContaining('trust adopt') } })
  writeFileSync(signer.statePaths[0] as string, '{"origin":')
  expect(await signCheckpoint(signer, tree)).toMatchObject({ left: { _tag: 'StateUnusable' } })
})

test('a signing key reads back from its text, and a text with a wrong id is refused', async () => {
  const made = await newSigningKey('ledger.example', 1)
  if (made._tag === 'Left') throw new Error(made.left.detail)
  const { text, verifier } = made.right
  expect(await parseSigningKey(`${text}\n`)).toMatchObject({ right: { verifier } })
  const other = text.replace(/\+([0-9a-f])([0-9a-f]{7})\+/, (_, first, rest) => `+${first === '0' ? '1' : '0'}${rest}+`)
  expect(await parseSigningKey(other)).toMatchObject({ left: { _tag: 'Malformed' } })
  expect(await newSigningKey('a name', 1)).toMatchObject({ left: { _tag: 'Malformed' } })
})

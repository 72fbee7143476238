import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { positionText } from '../../../src/event-store/event-store.ts'
import { checkpointText } from '../../../src/trust/formats/checkpoint.ts'
import { noteText, parseNote, vkeyText } from '../../../src/trust/formats/note.ts'
import { newSigningKey } from '../../../src/trust/formats/private-key.ts'
import { type SigningKey, sign } from '../../../src/trust/formats/signing.ts'
import { openTreeFile } from '../../../src/trust/sqlite/tree-file.ts'
import { hashOfLeaf } from '../../../src/trust/tree/hashes.ts'
import { consistencyProof, rootAt } from '../../../src/trust/tree/proofs.ts'
import type { TreeStore } from '../../../src/trust/tree/tree-store.ts'
import { policyOf } from '../../../src/trust/verify/policy.ts'
import { verifyCheckpoint } from '../../../src/trust/verify/proof.ts'
import { addCheckpointText } from '../../../src/trust/witness/add-checkpoint.ts'
import { askWitness, withSignature } from '../../../src/trust/witness/ask-witness.ts'
import { cosign, type Witness } from '../../../src/trust/witness/witness.ts'
import { witnessServer } from '../../../src/trust/witness/witness-server.ts'
import { rightOf } from '../../event-store/place.ts'
import { serverForTest } from '../../support/network/http-server.ts'
import { startProgram } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'
import { signingIn } from '../../support/trust/signing.ts'
import { logKey, witnessKey } from '../../support/trust/signing-keys.ts'

const LOG = 'ledger.example'

const treeOf = (leaves: number, text = 'leaf'): TreeStore => {
  const tree = rightOf(openTreeFile(join(testDirectory(), 'tree.db'), 'write'))
  onTestFinished(() => tree.close())
  tree.append(
    Array.from({ length: leaves }, (_, i) => ({
      position: positionText(i + 1),
      hash: hashOfLeaf(Buffer.from(`${text} ${i}`)),
    })),
  )
  return tree
}

const noteAt = async (tree: TreeStore, size: number, key: SigningKey, origin = LOG): Promise<string> => {
  const text = checkpointText({ origin, size, root: rootAt(tree, size) })
  return noteText({ text, signatures: [await sign(text, key)] })
}

const witnessOf = async (key: SigningKey): Promise<Witness> => {
  const directory = testDirectory()
  return {
    key: await witnessKey('witness.example'),
    logs: [key.verifier],
    statePathOf: (origin) => join(directory, `${origin}.state`),
    now: () => 1_764_410_400,
  }
}

test('a log that grows is cosigned again and again, and each cosignature verifies', async () => {
  const [tree, key] = [treeOf(300), await logKey(LOG)]
  const witness = await witnessOf(key)
  const policy = rightOf(
    await policyOf({ log_keys: [{ key: vkeyText(key.verifier) }], witnesses: [vkeyText(witness.key.verifier)] }),
  )
  let oldSize = 0
  for (const size of [1, 256, 300, 300]) {
    const checkpoint = await noteAt(tree, size, key)
    const answer = await cosign(
      witness,
      addCheckpointText({ oldSize, path: consistencyProof(tree, oldSize, size), checkpoint }),
    )
    expect(answer.status).toBe(200)
    expect(await verifyCheckpoint(`${checkpoint}${answer.body}`, policy)).toMatchObject({ right: { size } })
    oldSize = size
  }
})

test('what the protocol says of wrong requests is answered as it says, and nothing of them is stored', async () => {
  const [tree, other, key] = [treeOf(300), treeOf(300, 'another'), await logKey(LOG)]
  const witness = await witnessOf(key)
  const ask = async (request: Partial<Parameters<typeof addCheckpointText>[0]>) =>
    cosign(witness, addCheckpointText({ oldSize: 0, path: [], checkpoint: await noteAt(tree, 200, key), ...request }))
  expect(await ask({})).toMatchObject({ status: 200 })
  expect(await cosign(witness, 'nonsense')).toMatchObject({ status: 400 })
  expect(await ask({ oldSize: 201 })).toMatchObject({ status: 400 })
  expect(
    await ask({ checkpoint: await noteAt(tree, 200, await logKey('other.example'), 'other.example') }),
  ).toMatchObject({ status: 404 })
  expect(await ask({ checkpoint: await noteAt(tree, 200, await logKey(LOG)) })).toMatchObject({ status: 403 })
  const wrong = (await noteAt(tree, 200, key)).replace(/\n200\n/, '\n201\n')
  expect(await ask({ checkpoint: wrong })).toMatchObject({ status: 403 })
  const conflict = { status: 409, type: 'text/x.tlog.size', body: '200\n' }
  expect(await ask({})).toEqual(conflict)
  expect(await ask({ oldSize: 100 })).toEqual(conflict)
  const [path, checkpoint] = [consistencyProof(tree, 200, 300), await noteAt(tree, 300, key)]
  expect(await ask({ oldSize: 200, path: path.slice(1), checkpoint })).toMatchObject({ status: 422 })
  expect(
    await ask({ oldSize: 200, path: consistencyProof(other, 200, 300), checkpoint: await noteAt(other, 300, key) }),
  ).toMatchObject({ status: 422 })
  expect(await ask({ oldSize: 200, path: [], checkpoint: await noteAt(other, 200, key) })).toMatchObject({
    status: 422,
  })
  expect(await ask({ oldSize: 200, path, checkpoint })).toMatchObject({ status: 200 })
})

test('a log asks its witness, from the size that it names, and takes no signature of anybody else', async () => {
  const [tree, key] = [treeOf(300), await logKey(LOG)]
  const witness = await witnessOf(key)
  const server = witnessServer(witness, (error) => expect(error).toBe(null))
  onTestFinished(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const checkpointAt = async (size: number) => ({
    size,
    root: rootAt(tree, size),
    note: await noteAt(tree, size, key),
    signed_at: '2026-11-29T10:00:00.000Z',
  })
  const known = { url, key: witness.key.verifier }
  expect(await askWitness(known, await checkpointAt(100), tree, 0)).toMatchObject({ _tag: 'Right' })
  // It was asked before this process was started.
  const second = await checkpointAt(300)
  const cosigned = rightOf(await askWitness(known, second, tree, 0))
  const note = withSignature(rightOf(parseNote(second.note)), cosigned.signature, known.key)
  expect(note.startsWith(second.note)).toBe(true)
  expect(await askWitness(known, await checkpointAt(200), tree, 0)).toMatchObject({
    left: { detail: expect.stringContaining('300') },
  })
  const stranger = { url, key: (await witnessKey('witness.example')).verifier }
  expect(await askWitness(stranger, second, tree, 300)).toMatchObject({ left: { _tag: 'NotCosigned' } })
  expect(await askWitness({ ...known, url: 'http://127.0.0.1:1/' }, second, tree, 300)).toMatchObject({
    left: { detail: expect.stringContaining('not reached') },
  })
})

test('a server has its checkpoints cosigned by the program of a third party', async () => {
  const [directory, third] = [testDirectory(), testDirectory()]
  const { vkey, signing } = await signingIn(directory)
  const made = rightOf(await newSigningKey('witness.example', 4))
  const keyPath = join(third, 'witness.key')
  writeFileSync(keyPath, made.text)
  const args = ['--key', keyPath, '--state', join(third, 'witnessed'), '--log', vkey]
  const witness = startProgram('witness', ...args, '--listen', '127.0.0.1:0')
  const url = await witness.address
  const second = await startProgram('witness', ...args, '--listen', '127.0.0.1:0').ended
  expect(second).toMatchObject({ status: 3, stderr: expect.stringContaining('in use') })
  const server = await serverForTest({
    directory,
    signing: { ...signing, witnesses: [{ url, vkey: vkeyText(made.verifier) }] },
  })
  await server.create()
  const policy = rightOf(await policyOf({ log_keys: [{ key: vkey }], witnesses: [vkeyText(made.verifier)] }))
  await expect
    .poll(async () => (await verifyCheckpoint((await server.get('/log/checkpoint')).body, policy))._tag, {
      timeout: 60_000,
    })
    .toBe('Right')
  witness.kill('SIGTERM')
  expect(await witness.ended).toMatchObject({ status: 0, stdout: `${url}\n${vkeyText(made.verifier)}\n` })
})

import { expect, test } from 'vitest'
import { fromBase64 } from '../../../src/trust/formats/bytes.ts'
import { checkpointText, parseCheckpoint } from '../../../src/trust/formats/checkpoint.ts'
import { type Note, noteText, parseNote, parseVkey, vkeyText } from '../../../src/trust/formats/note.ts'
import { parseProof, proofText } from '../../../src/trust/formats/proof.ts'
import { cosignedAt, sign, signedBy } from '../../../src/trust/formats/signing.ts'
import { logKey, witnessKey } from '../../support/trust/signing-keys.ts'

// The example of C2SP signed-note, at commit 5ba5ee830903e91240fc6f9f3a7a9293d49e69c9.
const EXAMPLE_KEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const EXAMPLE = `This is an example message.

\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`

const rightOf = <Right>(either: { _tag: 'Left'; left: unknown } | { _tag: 'Right'; right: Right }): Right => {
  if (either._tag === 'Left') throw new Error(JSON.stringify(either.left))
  return either.right
}

test("the note of the specification's example is signed by its key", async () => {
  const key = rightOf(await parseVkey(EXAMPLE_KEY))
  const note = rightOf(parseNote(EXAMPLE))
  expect(note.text).toBe('This is an example message.\n')
  expect(await signedBy(note, key)).toBe('yes')
  expect(noteText(note)).toBe(EXAMPLE)
  expect(vkeyText(key)).toBe(EXAMPLE_KEY)
})

test('a changed text, and a changed signature, make the note worthless; a key that is not named has not signed it', async () => {
  const key = rightOf(await parseVkey(EXAMPLE_KEY))
  expect(await signedBy(rightOf(parseNote(EXAMPLE.replace('example message', 'Example message'))), key)).toBe('wrong')
  expect(await signedBy(rightOf(parseNote(EXAMPLE.replace('Uw2QOkn8', 'Uw2QOkn9'))), key)).toBe('wrong')
  expect(await signedBy(rightOf(parseNote(EXAMPLE)), (await logKey('example.com/foo')).verifier)).toBe('no')
})

test('what is no note, and what is no key, is refused', async () => {
  for (const text of [
    '',
    'no signatures\n',
    `${EXAMPLE}x`,
    EXAMPLE.replace('\u2014', '-'),
    EXAMPLE.replace('This', 'Th\tis'),
  ])
    expect(parseNote(text)).toMatchObject({ left: { _tag: 'Malformed' } })
  for (const text of [
    '',
    'example.com/foo',
    EXAMPLE_KEY.replace('530d903a', '530d903b'),
    EXAMPLE_KEY.replace('+Ae', '+Ag'),
  ])
    expect(await parseVkey(text)).toMatchObject({ left: { _tag: 'Malformed' } })
})

test('a checkpoint is signed by its log and cosigned by a witness, who says when', async () => {
  const checkpoint = {
    origin: 'ledger.example',
    size: 20_852_163,
    root: fromBase64('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=') as Uint8Array<ArrayBuffer>,
  }
  const [log, witness] = [await logKey('ledger.example'), await witnessKey('witness.example')]
  const text = checkpointText(checkpoint)
  const note: Note = { text, signatures: [await sign(text, log), await sign(text, witness, 1_679_315_147)] }
  const parsed = rightOf(parseCheckpoint(noteText(note)))
  expect(parsed).toEqual({ ...checkpoint, note })
  expect(await Promise.all([log, witness].map(({ verifier }) => signedBy(parsed.note, verifier)))).toEqual([
    'yes',
    'yes',
  ])
  expect(cosignedAt(note.signatures[1] as Note['signatures'][number])).toBe(1_679_315_147)
})

test('a checkpoint of another form is refused', () => {
  const signature = EXAMPLE.slice(EXAMPLE.indexOf('\u2014'))
  const root = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='
  for (const text of [
    '\n1\n',
    `o\n01\n${root}`,
    `o\n-1\n${root}`,
    'o\n1\nAAAA',
    `o\n1\n${root}\nextension`,
    `o\n9007199254740993\n${root}`,
  ])
    expect(parseCheckpoint(`${text}\n\n${signature}`)).toMatchObject({ left: { _tag: 'Malformed' } })
  expect(parseCheckpoint(`o\n1\n${root}\n\n${signature}`)).toMatchObject({ right: { size: 1 } })
})

test('a proof reads back as it was written, and refuses what is none', () => {
  const root = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='
  const checkpoint = `o\n9\n${root}\n\n${EXAMPLE.slice(EXAMPLE.indexOf('\u2014'))}`
  const hash = fromBase64(root) as Uint8Array<ArrayBuffer>
  const proof = { extra: Uint8Array.of(1, 2, 3), index: 4, path: [hash, hash], checkpoint }
  expect(rightOf(parseProof(proofText(proof)))).toMatchObject(proof)
  expect(rightOf(parseProof(proofText({ ...proof, extra: null, path: [] })))).toMatchObject({ extra: null, path: [] })
  const text = proofText(proof)
  for (const wrong of [
    text.replace('@v1', '@v2'),
    text.replace('index 4', 'index 04'),
    text.replace('AQID', 'AQI'),
    text.replace(`${root}\n${root}\n`, `${root}\nAAAA\n`),
    'c2sp.org/tlog-proof@v1',
  ])
    expect(parseProof(wrong)).toMatchObject({ left: { _tag: 'Malformed' } })
})

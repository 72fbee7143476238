/** A log asks a witness for its cosignature. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { COUNT } from '../formats/checkpoint.ts'
import { isSignatureOf, type Note, type NoteSignature, noteText, parseNote, type VerifierKey } from '../formats/note.ts'
import { signedBy } from '../formats/signing.ts'
import { consistencyProof } from '../tree/proofs.ts'
import type { SignedCheckpoint, TreeStore } from '../tree/tree-store.ts'
import { addCheckpointText, SIZE_TYPE } from './add-checkpoint.ts'

/** `url`: the prefix of its routes. */
export type Witness = Readonly<{ url: string; key: VerifierKey }>

/** The witness did not cosign: it was not reached, it refused, or its cosignature is wrong. */
export type NotCosigned = Readonly<{ _tag: 'NotCosigned'; detail: string }>

export type Cosigned = Readonly<{ signature: NoteSignature }>

/**
 * `lastSize`: the size that it cosigned last, as far as this log knows; where the witness says otherwise it is asked again from
 * the size that it names.
 */
export const askWitness = async (
  { url, key }: Witness,
  { size, note }: SignedCheckpoint,
  tree: TreeStore,
  lastSize: number,
): Promise<E.Either<NotCosigned, Cosigned>> => {
  const ask = (oldSize: number) =>
    fetch(`${url.replace(/\/$/, '')}/add-checkpoint`, {
      method: 'POST',
      body: addCheckpointText({ oldSize, path: consistencyProof(tree, oldSize, size), checkpoint: note }),
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    })
  try {
    let answer = await ask(Math.min(lastSize, size))
    if (answer.status === 409 && answer.headers.get('content-type') === SIZE_TYPE) {
      const actual = (await answer.text()).trim()
      if (!COUNT.test(actual) || Number(actual) > size)
        return not(`${key.name} cosigned a tree of ${actual.slice(0, 20)} leaves, and this one has ${size}`)
      answer = await ask(Number(actual))
    }
    const body = await bodyOf(answer)
    return answer.status === 200 ? await cosignatureOf(note, body, key) : not(`${key.name} answered ${answer.status}`)
  } catch (error) {
    return not(`${key.name} was not reached: ${(error as Error).message}`)
  }
}

const ANSWER_WITHIN = 5_000 // ms
const LONGEST_BODY = 64 * 1024

const bodyOf = async (answer: Response): Promise<string> => {
  let text = ''
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk
    if (text.length > LONGEST_BODY) throw new Error('its answer is too long')
  }
  return text
}

/** What keys other than the witness's signed is left out. */
const cosignatureOf = (note: string, lines: string, key: VerifierKey): Promise<E.Either<NotCosigned, Cosigned>> =>
  pipe(
    parseNote(note),
    E.flatMap(({ text }) => parseNote(`${text}\n${lines}`)),
    E.match(
      async () => not(`${key.name} answered with what is no signature`),
      async (answered) => {
        const signature = answered.signatures.find((each) => isSignatureOf(key, each))
        return signature !== undefined && (await signedBy(answered, key)) === 'yes'
          ? E.right({ signature })
          : not(`the cosignature of ${key.name} is wrong`)
      },
    ),
  )

/** `note` with one more signature; a later one of the same key takes its place. */
export const withSignature = (note: Note, signature: NoteSignature, key: VerifierKey): string =>
  noteText({ text: note.text, signatures: [...note.signatures.filter((each) => !isSignatureOf(key, each)), signature] })

const not = (detail: string) => E.left({ _tag: 'NotCosigned' as const, detail })

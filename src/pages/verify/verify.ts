/** The page that checks an evidence pack, in the browser alone: it works from a file, too. */
import './jitless.ts'
import { type VerifiedPack, verifyPack } from '../../evidence/verify-pack.ts'
import { toHex } from '../../trust/formats/bytes.ts'
import { policyOfKey } from '../../trust/verify/policy.ts'

const element = <Element extends HTMLElement>(id: string): Element => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page lacks #${id}`)
  return found as Element
}

const drop = element('drop')
const fileInput = element<HTMLInputElement>('file')
const keyInput = element<HTMLTextAreaElement>('key')
const result = element('result')

let pack: Readonly<{ name: string; bytes: Uint8Array }> | null = null
let checks = 0

const check = async (): Promise<void> => {
  if (pack === null) return
  checks += 1
  const mine = checks
  show('working', `Checking ${pack.name} …`, [])
  const vkey = keyInput.value.trim()
  const policy = vkey === '' ? null : await policyOfKey(vkey)
  if (policy?._tag === 'Left') return show('refused', 'The key cannot be used', [['Why', policy.left.detail]])
  const verified = await verifyPack(pack.bytes, policy === null ? null : policy.right)
  // Another pack, or another key, was given meanwhile.
  if (mine !== checks) return
  if (verified._tag === 'Left')
    return show('refused', 'This pack is not what it says it is', [['Why', verified.left.detail]])
  const key = policy === null ? null : policy.right.logKeys[0]?.key
  show(
    verified.right.isSigned ? 'signed' : 'unsigned',
    verified.right.isSigned
      ? 'Each event of this pack stands in the log that the owner of this key has signed'
      : 'The pack is consistent in itself, and nobody is shown to have signed it: give the verifier key of the ledger',
    [...rowsOf(verified.right), ...(key === undefined || key === null ? [] : [await fingerprint(key.publicKey)])],
  )
}

type Row = readonly [string, string]

const rowsOf = ({ run_id, revision, checkpoint, unreadable, run }: VerifiedPack): readonly Row[] => [
  ['Run', run_id],
  ['Complete up to', `revision ${revision}; it does not show whether there are later events`],
  ['Log', checkpoint.origin],
  ['Signed at', `${checkpoint.size} events, root ${toHex(checkpoint.root)}`],
  ['Names as signers', checkpoint.note.signatures.map(({ name, keyId }) => `${name}, key ${toHex(keyId)}`).join('; ')],
  ...(unreadable === null ? [] : [['Cannot be read from', `revision ${unreadable}`] as const]),
  ['The Run after its last event', JSON.stringify(run, null, 2)],
]

const fingerprint = async (publicKey: Uint8Array<ArrayBuffer>): Promise<Row> => [
  'Key that was given',
  `SHA-256 ${toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', publicKey)))}: compare it with what its owner says, by a way that nobody could change`,
]

const show = (state: 'working' | 'refused' | 'unsigned' | 'signed', heading: string, rows: readonly Row[]): void => {
  const title = document.createElement('h2')
  title.textContent = heading
  const list = document.createElement('dl')
  for (const [name, value] of rows) {
    const [term, text] = [document.createElement('dt'), document.createElement('dd')]
    term.textContent = name
    text.textContent = value
    list.append(term, text)
  }
  result.dataset['state'] = state
  result.replaceChildren(title, list)
}

const take = async (file: File | undefined): Promise<void> => {
  if (file === undefined) return
  pack = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) }
  await check()
}

const failing = (work: Promise<void>): void => {
  work.catch((error: unknown) => show('refused', 'This browser cannot check it', [['Why', String(error)]]))
}

fileInput.addEventListener('change', () => failing(take(fileInput.files?.[0])))
keyInput.addEventListener('input', () => failing(check()))
for (const event of ['dragover', 'drop']) document.addEventListener(event, (given) => given.preventDefault())
drop.addEventListener('dragenter', () => drop.classList.add('over'))
drop.addEventListener('dragleave', () => drop.classList.remove('over'))
document.addEventListener('drop', (given) => {
  drop.classList.remove('over')
  failing(take(given.dataTransfer?.files[0]))
})

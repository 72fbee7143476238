/**
 * Checks proofs and evidence packs with what Node brings, from the specifications alone. It imports nothing of the project but
 * the oracle of the fold, so that what it has in common with the project's verifier is the formats.
 */
import { createHash, createHmac, createPublicKey, verify } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { inflateRawSync } from 'node:zlib'
import { seenIn } from '../oracles/oracle.ts'

const sha256 = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()

/** Throws where `claim` does not hold. */
const must = (claim: boolean, what: string): void => {
  if (!claim) throw new Error(what)
}

const base64 = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'base64')
  must(bytes.toString('base64') === text, 'not canonical base64')
  return bytes
}

const count = (text: string): number => {
  must(/^(0|[1-9]\d*)$/.test(text), 'not a number')
  return Number(text)
}

type Signed = Readonly<{ origin: string; size: number; root: Buffer }>

/** A checkpoint that the key `vkey` has signed. Throws otherwise. */
export const checkCheckpoint = (note: string, vkey: string): Signed => {
  const [, name = '', id = '', key = ''] = /^(.+?)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? []
  const bytes = base64(key)
  must(bytes[0] === 1 && bytes.length === 33, 'not an Ed25519 key')
  must(sha256(Buffer.from(`${name}\n`), bytes).toString('hex', 0, 4) === id, 'key id')
  const end = note.lastIndexOf('\n\n')
  const [text, signatures] = [note.slice(0, end + 1), note.slice(end + 2)]
  must(end > 0 && signatures.endsWith('\n'), 'not a note')
  const publicKey = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: bytes.subarray(1).toString('base64url') },
    format: 'jwk',
  })
  let isSigned = false
  for (const line of signatures.slice(0, -1).split('\n')) {
    const [, signer, blob = ''] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? []
    const signature = base64(blob)
    must(signer !== undefined && signature.length > 4, 'not a signature line')
    if (signer !== name || signature.toString('hex', 0, 4) !== id) continue
    must(verify(null, Buffer.from(text), publicKey, signature.subarray(4)), 'wrong signature')
    isSigned = true
  }
  must(isSigned, 'not signed')
  const [origin = '', size = '', root = '', last, ...more] = text.split('\n')
  must(last === '' && more.length === 0 && base64(root).length === 32 && origin !== '', 'not a checkpoint')
  return { origin, size: count(size), root: base64(root) }
}

/** RFC 9162, section 2.1.3.2, from its words. */
const rootFrom = (hash: Buffer, index: number, size: number, path: readonly Buffer[]): Buffer => {
  let [fn, sn, r] = [index, size - 1, hash]
  for (const p of path) {
    must(sn !== 0, 'path too long')
    if (fn % 2 === 1 || fn === sn) {
      r = sha256(Buffer.of(1), p, r)
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2)
        sn = Math.floor(sn / 2)
      }
    } else r = sha256(Buffer.of(1), r, p)
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  must(sn === 0, 'path too short')
  return r
}

type Proven = Readonly<{ index: number; leaf: readonly Buffer[]; note: string; signed: Signed }>

/** A `.tlog-proof` under a checkpoint that `vkey` has signed. Throws otherwise. */
export const checkProof = (text: string, vkey: string): Proven => {
  const end = text.indexOf('\n\n')
  const [header, extra = '', index = '', ...hashes] = text.slice(0, end).split('\n')
  must(header === 'c2sp.org/tlog-proof@v1' && extra.startsWith('extra ') && index.startsWith('index '), 'not a proof')
  const note = text.slice(end + 2)
  const signed = checkCheckpoint(note, vkey)
  const leaf = base64(extra.slice('extra '.length))
  const at = count(index.slice('index '.length))
  must(at < signed.size, 'beyond the tree')
  const path = hashes.map(base64)
  must(
    path.every(({ length }) => length === 32),
    'not hashes',
  )
  must(rootFrom(sha256(Buffer.of(0), leaf), at, signed.size, path).equals(signed.root), 'another root')
  return { index: at, leaf: partsOf(leaf), note, signed }
}

const partsOf = (leaf: Buffer): readonly Buffer[] => {
  const parts: Buffer[] = []
  for (let at = 0; at < leaf.length; ) {
    const length = leaf.readUInt32BE(at)
    must(at + 4 + length <= leaf.length, 'a part too long')
    parts.push(leaf.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  must(parts.length === 8, 'not a leaf')
  return parts
}

/** An evidence pack under a checkpoint that `vkey` has signed. Throws otherwise. */
export const checkPack = (zip: Buffer, vkey: string): Readonly<{ run_id: string; revision: number }> => {
  const files = filesOf(zip)
  const textOf = (name: string): string => {
    const bytes = files.get(name)
    if (bytes === undefined) throw new Error(`lacks ${name}`)
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  }
  const head = canonical(textOf('pack.json').slice(0, -1))
  must(head['format'] === 'run-ledger/evidence/v1', 'not a pack')
  const events = linesOf(textOf('events.ndjson')).map((line) => ({ line, ...canonical(line) }) as Packed)
  must(events.length === Number(head['revision']) + 1 && events.length > 0, 'another revision')
  const note = textOf('checkpoint.txt')
  let before = -1
  for (const [revision, event] of events.entries()) {
    const proof = checkProof(textOf(`proofs/${String(revision).padStart(5, '0')}.tlog-proof`), vkey)
    must(proof.note === note && proof.signed.size === head['checkpoint_size'], 'another checkpoint')
    must(proof.index > before, 'another order')
    before = proof.index
    must(event.revision === revision && event.run_id === head['run_id'], 'another event')
    must(isDeepStrictEqual(proof.leaf.map(hex), leafOf(event).map(hex)), 'another leaf')
  }
  const stored = events.map(({ run_id, line: _, ...event }) => ({ ...event, stream: run_id }))
  const seen = seenIn(stored as unknown as Parameters<typeof seenIn>[0])
  const entries = linesOf(textOf('entries.ndjson')).map(canonical)
  const runs = linesOf(textOf('runs.ndjson')).map(canonical)
  must(
    isDeepStrictEqual(
      entries,
      seen.map(({ entry }) => plain(entry)),
    ),
    'other entries',
  )
  must(
    isDeepStrictEqual(
      runs,
      seen.map(({ after }, revision) => plain({ revision, run: after })),
    ),
    'other runs',
  )
  return { run_id: String(head['run_id']), revision: Number(head['revision']) }
}

type Packed = Readonly<
  Record<'line' | 'run_id' | 'type' | 'event_id' | 'recorded_at' | 'position' | 'data' | 'metadata', string> & {
    revision: number
  }
>

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** What is written in one way only. */
const canonical = (line: string): Record<string, unknown> => {
  const value = JSON.parse(line) as Record<string, unknown>
  must(JSON.stringify(value) === line, 'not written as a pack is')
  return value
}

const linesOf = (text: string): readonly string[] => {
  must(text.endsWith('\n'), 'cut')
  return text.slice(0, -1).split('\n')
}

const leafOf = ({ run_id, revision, type, event_id, recorded_at, data, metadata }: Packed): readonly Buffer[] => {
  const { nonce = '' } = JSON.parse(metadata) as { nonce?: string }
  const commit = (text: string) => createHmac('sha256', Buffer.from(nonce, 'base64url')).update(text).digest()
  const texts = ['run-ledger/leaf/v1', `run:${run_id}`, String(revision), type, event_id.toLowerCase(), recorded_at]
  return [...texts.map((text) => Buffer.from(text)), commit(data), commit(metadata)]
}

/** The files of a zip, by its central directory (APPNOTE.TXT, sections 4.3.12 and 4.3.16). */
const filesOf = (zip: Buffer): ReadonlyMap<string, Buffer> => {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  must(end >= 0, 'not a zip')
  const files = new Map<string, Buffer>()
  let at = zip.readUInt32LE(end + 16)
  for (let n = zip.readUInt16LE(end + 10); n > 0; n -= 1) {
    must(zip.readUInt32LE(at) === 0x02014b50, 'not a directory')
    const [method, size, nameLength] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28)]
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    const local = zip.readUInt32LE(at + 42)
    const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    const bytes = zip.subarray(from, from + size)
    files.set(name, method === 0 ? bytes : inflateRawSync(bytes))
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  return files
}

const hex = (bytes: Buffer): string => bytes.toString('hex')

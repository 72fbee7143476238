import { deepStrictEqual } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { evolve } from '../../projections/current-run.ts'
import { decode, encode } from '../../src/run/event-codec.ts'
import type { Run } from '../../src/run/run.ts'
import { CURRENT_VERSIONS } from '../../src/run/upcasters.ts'
import { rightOf } from '../support/scenario.ts'

// Each file is a stream as some release stored it, with the Run after each event. A file is never changed, only added:
// what a log once held, every release reads.
type Line = Readonly<{ type: string; data: object; metadata: { schema_version: number }; run: Run }>

const streams = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.ndjson'))
  .map((name) => {
    const text = readFileSync(`${import.meta.dirname}/${name}`, 'utf8')
    return {
      name,
      lines: text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Line),
    }
  })

const storedOf = ({ type, data, metadata }: Line) => ({
  type,
  data: JSON.stringify(data),
  metadata: JSON.stringify(metadata),
})

describe.each(streams)('$name', ({ lines }) => {
  test('folds to the Runs that it folded to then', () => {
    let run: Run | null = null
    for (const line of lines) {
      run = rightOf(evolve(run, rightOf(decode(storedOf(line)))))
      deepStrictEqual(run, line.run)
    }
  })

  test('is stored again as it was, where its version is the current one', () => {
    for (const line of lines)
      if (
        Object.entries(CURRENT_VERSIONS).some(
          ([type, now]) => type === line.type && now === line.metadata.schema_version,
        )
      )
        expect(encode(rightOf(decode(storedOf(line))))).toStrictEqual(storedOf(line))
  })
})

test('there are stored events of every type and every version', () => {
  const held = new Set(
    streams.flatMap(({ lines }) => lines.map((line) => `${line.type} ${line.metadata.schema_version}`)),
  )
  const ever = Object.entries(CURRENT_VERSIONS).flatMap(([type, now]) =>
    Array.from({ length: now }, (_, index) => `${type} ${index + 1}`),
  )
  expect([...held].toSorted()).toStrictEqual(ever.toSorted())
})

import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { version } from 'uuid'
import { describe, expect, test } from 'vitest'
import { CommandLine, commandOfLine, type LineContext } from '../../src/api/command-line.ts'
import { fieldIssuesOf } from '../../src/api/field-issues.ts'
import { runIdOf } from '../../src/run/ids.ts'
import type { Json, JsonObject } from '../../src/run/json.ts'
import { json, jsonObject } from '../support/arbitraries.ts'
import { rightOf } from '../support/scenario.ts'

const context: LineContext = {
  recorded_by: { principal: null, via: 'import' },
  received_at: '2026-05-04T12:00:00.000Z',
  defaultCommandId: () => 'line-1',
  defaultActor: 'anonymous',
}
const common = {
  command_id: 'line-1',
  command_id_is_new: false,
  correlation_id: 'line-1',
  actor: 'anonymous',
  recorded_by: context.recorded_by,
  received_at: context.received_at,
}

test.each<[JsonObject, object]>([
  [
    {
      command: 'create',
      policy_version_id: 'p',
      run_id: 'r',
      run_group_id: 'g',
      input_data: { a: 1 },
      run_metadata: { b: null },
    },
    { policy_version_id: 'p', run_group_id: 'g', input_data: { a: 1 }, run_metadata: { b: null } },
  ],
  [{ command: 'start', run_id: 'r', reason: 'because' }, { reason: 'because' }],
  [
    { command: 'change_status', run_id: 'r', status: 'IN_REVIEW', run_metadata: {} },
    { status: 'IN_REVIEW', run_metadata: {} },
  ],
  [
    { command: 'complete', run_id: 'r', status: 'FAILURE', result: '' },
    { status: 'FAILURE', result: '' },
  ],
  [
    { command: 'start', run_id: 'r', occurred_at: '2026-05-04T02:00:00+02:00' },
    { occurred_at: '2026-05-04T00:00:00.000Z' },
  ],
  [{ command: 'start', run_id: 'r', occurred_at: null, reason: null, actor: null, command_id: null }, {}],
])('%j is a command', (line, expected) =>
  expect(rightOf(commandOfLine(line, context))).toEqual({ ...common, command: line.command, run_id: 'r', ...expected }),
)

describe('who and under which id', () => {
  const start = { command: 'start', run_id: 'r' }

  test('a line’s own actor and command id go before the defaults, and the command id is the correlation', () => {
    const command = rightOf(commandOfLine({ ...start, actor: 'Žofia', command_id: 'own' }, context))
    expect(command).toMatchObject({ actor: 'Žofia', command_id: 'own', correlation_id: 'own' })
  })

  test('who sends a line is recorded beside the actor that it names', () => {
    const recorded_by = { principal: 'svc', via: 'http' as const }
    const command = rightOf(commandOfLine({ ...start, actor: 'bob' }, { ...context, recorded_by }))
    expect(command).toMatchObject({ actor: 'bob', recorded_by })
  })

  test('correlation and trace come from the request', () => {
    const request = { correlation_id: 'c', traceparent: 't' }
    expect(rightOf(commandOfLine(start, { ...context, ...request }))).toMatchObject(request)
  })

  test('the default command id is made from the line, and only where the line has none', () => {
    const asked: (string | undefined)[] = []
    const asking = {
      ...context,
      defaultCommandId: (line: CommandLine) => {
        asked.push(line.occurred_at)
        return 'made'
      },
    }
    expect(rightOf(commandOfLine({ ...start, command_id: 'own' }, asking)).command_id).toBe('own')
    expect(asked).toHaveLength(0)
    expect(rightOf(commandOfLine({ ...start, occurred_at: null }, asking)).command_id).toBe('made')
    expect(asked).toStrictEqual([undefined])
  })

  test('a create without run_id gets one of its key, and of nothing where it has none', () => {
    const create = { command: 'create', policy_version_id: 'p' }
    const keyless = { ...context, defaultCommandId: () => null }
    expect(rightOf(commandOfLine(create, context)).run_id).toBe(runIdOf(null, 'line-1'))
    expect(rightOf(commandOfLine({ ...create, command_id: 'own', run_id: null }, keyless)).run_id).toBe(
      runIdOf(null, 'own'),
    )
    const recorded_by = { principal: 'svc', via: 'http' as const }
    expect(rightOf(commandOfLine(create, { ...context, recorded_by })).run_id).toBe(runIdOf('svc', 'line-1'))
    const made = rightOf(commandOfLine(create, keyless))
    expect([version(made.run_id), version(made.command_id)]).toStrictEqual([7, 7])
    expect(made.run_id).not.toBe(made.command_id)
  })
})

describe('every fault of a line is told, with where it stands', () => {
  test('a command that is none is told which there are', () =>
    expect(commandOfLine({ command: 'stop', run_id: 'r' }, context)).toMatchObject({
      left: [{ pointer: '/command', detail: 'must be one of "create", "start", "change_status", "complete"' }],
    }))

  test.each<[Json, readonly string[]]>([
    [null, ['']],
    ['start', ['']],
    [[], ['']],
    [{}, ['/command']],
    [{ command: null }, ['/command']],
    [{ command: 'stop', run_id: 'r' }, ['/command']],
    [{ command: 'toString', run_id: 'r' }, ['/command']],
    [{ command: 'start' }, ['/run_id']],
    [{ command: 'start', run_id: null }, ['/run_id']],
    [{ command: 'change_status', run_id: 'r' }, ['/status']],
    [{ command: 'complete', run_id: 'r', status: 'DONE' }, ['/status']],
    [{ command: 'create', run_id: 'r' }, ['/policy_version_id']],
    [{ command: 'start', run_id: 'r', status: 'A', 'a/b~c': 1 }, ['/status', '/a~1b~0c']],
    [{ command: 'start', run_id: '-', occurred_at: 'today', reason: 5 }, ['/run_id', '/occurred_at', '/reason']],
    [
      { command: 'create', policy_version_id: 'p', input_data: [], run_metadata: 'x' },
      ['/input_data', '/run_metadata'],
    ],
    [{ command: 'start', run_id: 'r', command_id: '', actor: 'a\tb' }, ['/command_id', '/actor']],
    [
      { command: 'start', run_id: 'r', received_at: 'x', recorded_by: {}, expected_revision: 1 },
      ['/received_at', '/recorded_by', '/expected_revision'],
    ],
  ])('%j', (line, pointers) => {
    const result = commandOfLine(line, context)
    if (result._tag === 'Right') throw new Error('expected faults')
    expect(result.left.map(({ pointer }) => pointer).toSorted()).toStrictEqual(pointers.toSorted())
    for (const { detail } of result.left) expect(detail).toMatch(/\w/)
  })
})

// Most lines never meet the schema: a quick look takes them first. It may know less than the schema, never something else.
test('a line is taken as the schema takes it, and refused for the schema’s reasons', () => {
  const value = fc.oneof(
    json,
    jsonObject,
    fc.constantFrom<Json>(
      ...[
        'r',
        'p:1',
        '-',
        'IN_REVIEW',
        'SUCCESS',
        'STARTED',
        'x'.repeat(257),
        '😀'.repeat(900),
        'x'.repeat(1001),
        'a\nb',
      ],
      ...['2026-05-04T12:00:00.000Z', '2026-05-04T12:00:00+02:00', '2026-02-30T12:00:00Z', null],
    ),
  )
  const names = [
    'run_id',
    'run_group_id',
    'policy_version_id',
    'status',
    'result',
    'input_data',
    'run_metadata',
    'occurred_at',
  ]
  const name = fc.constantFrom('command_id', 'actor', 'reason', 'extra', 'constructor', ...names)
  const base = fc.constantFrom<JsonObject>(
    { command: 'create', policy_version_id: 'p' },
    { command: 'start', run_id: 'r' },
    { command: 'change_status', run_id: 'r', status: 'IN_REVIEW' },
    { command: 'complete', run_id: 'r', status: 'SUCCESS' },
  )
  const seen = { taken: 0, refused: 0 }
  fc.assert(
    fc.property(base, fc.array(fc.tuple(name, value), { maxLength: 3 }), (given, entries) => {
      const line = { ...given, ...Object.fromEntries(entries) }
      const schema = CommandLine.safeParse(line)
      const result = commandOfLine(line, context)
      seen[schema.success ? 'taken' : 'refused'] += 1
      if (!schema.success) return deepStrictEqual(result, { _tag: 'Left', left: fieldIssuesOf(schema.error) })
      const { command_id = 'line-1', actor = 'anonymous', run_id = runIdOf(null, command_id) } = schema.data
      const expected = { ...schema.data, ...common, command_id, correlation_id: command_id, actor, run_id }
      expect(rightOf(result)).toEqual(expected)
    }),
    { numRuns: 3000 },
  )
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(300)
})

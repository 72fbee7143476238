import { expect, test } from 'vitest'
import { chosen, policiesIn, policyOfVersion } from '../../../src/http/lineart/policies.ts'

const read = (policies: object) => policiesIn(Buffer.from(JSON.stringify(policies)))

test('a file of policies is read, and its first fault is named by its place', () => {
  const choice = [
    { policy_version_id: 'v1', frequency: 250 },
    { policy_version_id: 'v2', frequency: 750 },
  ]
  const policy = { versions: ['v1', 'v2', 'v3'], choice, shadow: ['v3'] }
  const good = read({ credit: policy, plain: { versions: ['v1'] } })
  expect(good).toMatchObject({ _tag: 'Right' })
  if (good._tag === 'Right') {
    expect(good.right.get('credit')).toEqual(policy)
    expect(good.right.get('plain')).toEqual({ versions: ['v1'], choice: [], shadow: [] })
  }
  expect(read({ credit: { ...policy, choice: choice.slice(1) } })).toEqual({
    _tag: 'Left',
    left: '/credit/choice frequencies must add up to 1000',
  })
  expect(read({ credit: { ...policy, shadow: ['v4'] } })).toEqual({
    _tag: 'Left',
    left: '/credit/versions must name every version of choice and shadow',
  })
  expect(policiesIn(Buffer.from('{'))).toMatchObject({ _tag: 'Left' })
})

test('each thousandth of applications goes to the version whose share it is', () => {
  const policy = {
    versions: ['v1', 'v2'],
    choice: [
      { policy_version_id: 'v1', frequency: 250 },
      { policy_version_id: 'v2', frequency: 750 },
    ],
    shadow: [],
  }
  expect([0, 249, 250, 999].map((share) => chosen(policy, share))).toEqual(['v1', 'v1', 'v2', 'v2'])
  expect(chosen({ ...policy, choice: [] }, 0)).toBeNull()
})

test.each([
  ['personal-loan-3.2', 'personal-loan'],
  ['plain', null],
  ['-1', null],
  ['8c0e0b71-d393-42a9-bf86-3f9f801362b3', null],
])('%s is a version of %s', (version, policy) => expect(policyOfVersion(version)).toBe(policy))

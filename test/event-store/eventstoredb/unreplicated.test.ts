/** Commands whose events are written and not replicated: the leader shows them to nobody, and may store them yet. */
import { expect, test } from 'vitest'
import { createLedger } from '../../../src/ledger/ledger.ts'
import { changeRun, createRun, startRun } from '../../support/commands.ts'
import { openStandIn } from '../../support/stand-ins.ts'
import { wholeStream } from '../place.ts'
import { eventually, openAt } from './opened.ts'

const LIMITS = { answerWithin: 500, retryPolicy: { tries: 3, minDelay: 1, maxDelay: 5 } }

test('a command with a key is of unknown outcome until its event is replicated, and then it is the first one', async () => {
  const standIn = await openStandIn({ commitTimeout: 20 })
  const store = await openAt(standIn.address)
  await createLedger(store).execute(createRun('run'))()
  standIn.log().holdReplication()
  const start = startRun('run')
  const outcomes: string[] = []
  // Each time of another ledger, which has only the log to go by.
  const send = async () => {
    const answer = await createLedger(store, LIMITS).execute(start)()
    if (answer._tag === 'Left') outcomes.push('outcome' in answer.left ? answer.left.outcome : answer.left._tag)
    return answer
  }
  for (let times = 0; times < 5; times += 1) await send()
  expect(new Set(outcomes)).toEqual(new Set(['unknown']))
  const [written] = standIn.log().writtenStream('run-run')?.records.slice(1) ?? []
  standIn.log().replicate()
  expect(await eventually(send, ({ _tag }) => _tag === 'Right')).toMatchObject({
    right: { revision: 1, repeated: true },
  })
  expect((await wholeStream(store, 'run')).map(({ event_id }) => event_id)[1]).toBe(written?.id)
})

test('a command of another key that lost to it is not stored, and says so once it is sure', async () => {
  const standIn = await openStandIn({ commitTimeout: 20 })
  const store = await openAt(standIn.address)
  await createLedger(store).executeBatch([createRun('run'), startRun('run')])
  standIn.log().holdReplication()
  await createLedger(store, LIMITS).execute(changeRun('run', 'FIRST'))()
  const second = changeRun('run', 'SECOND', { command_id_is_new: true })
  expect(await createLedger(store, LIMITS).execute(second)()).toMatchObject({
    left: { _tag: 'RunContended', outcome: 'not_stored' },
  })
  standIn.log().replicate()
  const statuses = (await wholeStream(store, 'run')).slice(2).map(({ data }) => JSON.parse(data).status)
  expect(statuses).toEqual(['FIRST'])
})

test('a command that a new leader never had is stored by its own retry, once', async () => {
  const standIn = await openStandIn({ commitTimeout: 20 })
  const store = await openAt(standIn.address)
  await createLedger(store).execute(createRun('run'))()
  standIn.log().holdReplication()
  const start = createLedger(store, { ...LIMITS, answerWithin: 60_000 }).execute(startRun('run'))()
  await eventually(
    async () => standIn.log().writtenStream('run-run')?.records.length,
    (length) => length === 2,
  )
  standIn.log().loseUnreplicated()
  expect(await start).toMatchObject({ right: { revision: 1, repeated: false } })
  expect(await wholeStream(store, 'run')).toHaveLength(2)
})

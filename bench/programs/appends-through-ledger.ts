/** Commands through a ledger over EventStoreDB, its runs warm: `node appends-through-ledger.ts <job as JSON>` prints its rates. */
import { randomUUID } from 'node:crypto'
import { openEventStore } from '../../src/event-store/open.ts'
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts'
import type { CommandContext, RunCommand } from '../../src/run/commands.ts'
import { timeOf } from '../../src/run/time.ts'
import { type AppendsJob, type Rates, ratesOf, STREAMS } from '../support/in-flight.ts'

const main = async (job: AppendsJob): Promise<Rates> => {
  const opened = await openEventStore({ kind: 'eventstoredb', address: job.address, prefix: 'run-' }, 'write')()
  if (opened._tag === 'Left') throw new Error(opened.left._tag)
  const ledger = createLedger(opened.right)
  for (let run = 0; run < STREAMS; run += 1) {
    await execute(ledger, { ...contextOf(run), command: 'create', policy_version_id: 'personal-loan-2011' })
    await execute(ledger, { ...contextOf(run), command: 'start' })
  }
  const rates = await ratesOf(job, (run) =>
    execute(ledger, { ...contextOf(run), command: 'change_status', status: 'IN_REVIEW' }),
  )
  await opened.right.close()
  return rates
}

const execute = async (ledger: Ledger, command: RunCommand): Promise<void> => {
  const answer = await ledger.execute(command)()
  if (answer._tag === 'Left') throw new Error(JSON.stringify(answer.left))
}

const contextOf = (run: number): CommandContext => {
  const command_id = randomUUID()
  return {
    run_id: `application-${run}`,
    command_id,
    command_id_is_new: false,
    actor: 'intake',
    recorded_by: { principal: null, via: 'http' },
    correlation_id: command_id,
    received_at: timeOf(Date.now()),
  }
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as AppendsJob)))

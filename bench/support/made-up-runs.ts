/** Made-up loan applications of the same shape as a real bank's: where the real ones are not at hand. */

/** As many as the bank had. */
const RUNS = 13_087

/** The command lines of `runs` applications, about 20 each, in the order of time over all runs; always the same ones. */
export const madeUpLines = (runs: number = RUNS): readonly string[] => {
  const random = randomOf(20_111_001)
  const lines: [at: number, line: string][] = []
  for (let run = 0; run < runs; run += 1) {
    const begin = BEGIN + Math.floor((run / runs) * SPAN_MS)
    lines.push(...linesOf(random, `made-up-${170_000 + 3 * run}`, begin))
  }
  // A stable sort keeps what happened in one millisecond in its order.
  return lines.sort(([a], [b]) => a - b).map(([, line]) => line)
}

const BEGIN = Date.UTC(2011, 9, 1)
const SPAN_MS = 150 * 24 * 3_600_000
const MINUTE = 60_000

const STEPS = [
  'A_PREACCEPTED',
  'W_COMPLETEREN_AANVRAAG_SCHEDULE',
  'W_COMPLETEREN_AANVRAAG_START',
  'A_ACCEPTED',
  'O_SELECTED',
  'A_FINALIZED',
  'O_CREATED',
  'O_SENT',
  'W_NABELLEN_OFFERTES_SCHEDULE',
  'W_NABELLEN_OFFERTES_START',
  'W_NABELLEN_OFFERTES_COMPLETE',
] as const

type Random = () => number

const linesOf = (random: Random, run_id: string, begin: number): [number, string][] => {
  const lines: [number, string][] = []
  let at = begin
  const add = (command: string, fields: object) => {
    const actor = `resource-${112 + Math.floor(random() * 60)}`
    lines.push([at, JSON.stringify({ command, run_id, occurred_at: new Date(at).toISOString(), actor, ...fields })])
    at += Math.floor(random() ** 4 * 3000 * MINUTE)
  }
  add('create', {
    policy_version_id: 'personal-loan-2011',
    run_group_id: `registered-${new Date(begin).toISOString().slice(0, 10)}`,
    input_data: { amount_requested: 500 * (1 + Math.floor(random() * 100)) },
    run_metadata: { source: 'made-up' },
  })
  add('start', {})
  // Many end after two or three steps, some take a hundred.
  const steps = 1 + Math.floor(17 * -Math.log(1 - random()))
  for (let step = 0; step < steps; step += 1) add('change_status', { status: STEPS[step % STEPS.length] })
  const share = random()
  if (share < 0.17) add('complete', { status: 'SUCCESS', result: 'APPROVED' })
  else if (share < 0.755) add('complete', { status: 'SUCCESS', result: 'DECLINED' })
  else if (share < 0.97) add('complete', { status: 'CANCELLED', result: 'CANCELLED' })
  return lines
}

/** Mulberry32. */
const randomOf = (seed: number): Random => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

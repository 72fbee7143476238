/** Made-up credit decisions that look real: pure, and the same for the same seed and window. */
import type { CommandLine } from '../../api/command-line.ts'
import type { Json, JsonObject } from '../../run/json.ts'
import { type Time, timeOf } from '../../run/time.ts'
import { type Random, seededRandom } from './seeded-random.ts'

/** A line of the command format, always with its `command_id`, `actor` and `occurred_at`. */
export type DemoLine = JsonObject & { readonly run_id: string; readonly command_id: string; readonly occurred_at: Time }

/** A command, and when the ledger got it: mostly at once, hours or days later where it was on paper first. */
export type DemoCommand = Readonly<{ line: DemoLine; recorded_at: Time }>

export type DemoWindow = Readonly<{
  /** Of 0 to 99,999; each makes other applications. */
  seed: number
  /** The first application comes at this moment, the last ones just before `DEMO_DAYS` later. */
  from: Time
}>

export const DEMO_DAYS = 28

/** The run of the window's first application: where it is there, its `created_at` is the window's `from`. */
export const firstDemoRun = (seed: number): string => runIdOf(seed, 0)

/** Every command of the window, in the order in which the ledger got them, as far as it got them before the window's end. */
export const demoCommands = ({ seed, from }: DemoWindow): readonly DemoCommand[] => {
  const random = seededRandom(seed)
  const begin = Date.parse(from)
  const end = begin + DEMO_DAYS * DAY
  const commands = arrivals(random, begin, end).flatMap((at, index) =>
    application(random, runIdOf(seed, index), at, begin, end),
  )
  return commands.sort((a, b) => Number(a.recorded_at > b.recorded_at) - Number(a.recorded_at < b.recorded_at))
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** How many come within an hour of a weekday, from midnight on; at weekends far fewer. */
const PER_HOUR = [1, 0, 0, 0, 0, 1, 3, 6, 9, 12, 13, 12, 9, 9, 11, 11, 10, 9, 8, 8, 7, 5, 3, 2]
/** The last ones of the window have only just arrived: nothing has looked at them yet. */
const WAITING = 6
const WAITING_APART = 70 * SECOND

const runIdOf = (seed: number, index: number): string => `application-${100_001 + seed * 10_000 + index}`

/** When applications arrive, in order; the first at `begin` itself. */
const arrivals = (random: Random, begin: number, end: number): readonly number[] => {
  const times = [begin]
  for (let hour = begin - (begin % HOUR); hour < end; hour += HOUR) {
    const date = new Date(hour)
    const share = date.getUTCDay() % 6 === 0 ? 0.3 : 1
    const count = Math.round((PER_HOUR[date.getUTCHours()] ?? 0) * share * (0.6 + random.next() * 0.8))
    for (let one = 0; one < count; one += 1) times.push(hour + Math.floor(random.next() * HOUR))
  }
  const early = times.filter((at) => at >= begin && at < end - 10 * MINUTE)
  const waiting = Array.from({ length: WAITING }, (_, one) => end - (WAITING - one) * WAITING_APART)
  return [...early.sort((a, b) => a - b), ...waiting]
}

/** Something done to an application, `delay` ms after what was recorded before, and recorded `late` ms after it was done. */
type Step = Readonly<{
  delay: number
  late: number
  actor: string
  command: CommandLine['command']
  fields: Readonly<Record<string, Json>>
}>

const step = (delay: number, actor: string, command: Step['command'], fields: Step['fields'] = {}): Step => ({
  delay,
  late: PROMPT,
  actor,
  command,
  fields,
})

/** How long the ledger takes to learn of what a program does, in ms. */
const PROMPT = 15

/** The same step, done on paper and recorded `late` ms afterwards. */
const onPaper = (late: number, given: Step, reason: string): Step => ({
  ...given,
  late,
  fields: { ...given.fields, reason },
})

/** One application's commands, as far as they happened before `end`. */
const application = (
  random: Random,
  run_id: string,
  at: number,
  begin: number,
  end: number,
): readonly DemoCommand[] => {
  const policy = policyAt(random, at, begin)
  const loan = loanOf(random, policy.product)
  const isWaiting = end - at <= WAITING * WAITING_APART
  // A later start finds the window by its first run.
  const arrival = arrive(random, policy, loan, at, at !== begin && !isWaiting)
  const steps = isWaiting ? [arrival] : [arrival, ...decided(random, policy, loan)]
  let now = at
  const commands = steps.map(({ delay, late, actor, command, fields }, index): DemoCommand => {
    const occurred_at = timeOf(now + delay)
    now += delay + late
    const command_id = `${run_id}/${index + 1}`
    return { line: { command, run_id, command_id, actor, occurred_at, ...fields }, recorded_at: timeOf(now) }
  })
  return commands.filter(({ recorded_at }) => Date.parse(recorded_at) < end)
}

const arrive = (random: Random, policy: Policy, loan: Loan, at: number, mayBeLate: boolean): Step => {
  const { channel, actor } = random.pick(CHANNELS)
  const created = step(0, actor, 'create', {
    run_group_id: `applications-${timeOf(at).slice(0, 10)}`,
    policy_version_id: policy.id,
    input_data: loan.input,
    run_metadata: { channel, checks: [], bureau: null },
  })
  return mayBeLate && channel === 'branch' && random.chance(0.1)
    ? onPaper(random.between(2, 30) * HOUR, created, 'Filled in on paper at the branch, and entered later')
    : created
}

const ENGINE = 'decision-engine'
const CHANNELS = [
  { channel: 'web', actor: 'web-portal' },
  { channel: 'mobile', actor: 'mobile-app' },
  { channel: 'branch', actor: 'branch-terminal-04' },
  { channel: 'broker', actor: 'broker-gateway' },
] as const
const PURPOSES = ['car', 'home improvement', 'debt consolidation', 'education', 'wedding', 'medical', 'travel'] as const
const EMPLOYMENT = ['permanent', 'permanent', 'permanent', 'fixed-term', 'self-employed', 'retired', 'student'] as const
const WORKING = ['25-34', '35-44', '45-54', '55-64'] as const
const AGES = {
  permanent: WORKING,
  'fixed-term': ['18-24', ...WORKING],
  'self-employed': WORKING,
  retired: ['65+'],
  student: ['18-24', '25-34'],
} as const

type Product = 'personal-loan' | 'credit-card'
type Policy = Readonly<{ id: string; product: Product; decline: number; approve: number }>

const OLD_LOAN: Policy = { id: 'personal-loan-3.1', product: 'personal-loan', decline: 540, approve: 640 }
const NEW_LOAN: Policy = { id: 'personal-loan-3.2', product: 'personal-loan', decline: 560, approve: 625 }
const CARD: Policy = { id: 'credit-card-1.4', product: 'credit-card', decline: 520, approve: 600 }

/** The new loan policy takes over step by step in the middle of the window, as champion and challenger do. */
const policyAt = (random: Random, at: number, begin: number): Policy => {
  if (random.chance(0.25)) return CARD
  const week = (at - begin) / (7 * DAY)
  return random.chance(Math.min(1, Math.max(0, week - 1))) ? NEW_LOAN : OLD_LOAN
}

type Loan = Readonly<{ amount: number; score: number; input: JsonObject }>

const loanOf = (random: Random, product: Product): Loan => {
  const income = random.between(14, 75) * 100
  const amount = product === 'personal-loan' ? random.between(4, 90) * 250 : random.between(2, 20) * 250
  const employment = random.pick(EMPLOYMENT)
  const burden = amount / (income * 12)
  const noise = random.between(-90, 90)
  const score = Math.round(655 - burden * 160 - (employment === 'student' ? 70 : 0) + noise)
  const term = product === 'personal-loan' ? { term_months: random.pick([12, 24, 36, 48, 60, 72]) } : {}
  return {
    amount,
    score,
    input: {
      product,
      amount_requested: amount,
      currency: 'EUR',
      ...term,
      purpose: product === 'personal-loan' ? random.pick(PURPOSES) : 'card limit',
      applicant: {
        age_band: random.pick(AGES[employment]),
        employment,
        monthly_income: income,
        existing_customer: random.chance(0.4),
      },
    },
  }
}

/** What the policy makes of the loan. */
const decided = (random: Random, policy: Policy, loan: Loan): readonly Step[] => {
  if (random.chance(0.012)) {
    const reason = 'The same application came in twice'
    return [step(random.between(20, 90) * SECOND, 'intake', 'complete', { status: 'CANCELLED', reason })]
  }
  const begun = [
    step(random.between(400, 9000), ENGINE, 'start'),
    step(random.between(300, 2500), ENGINE, 'change_status', {
      status: 'BUREAU_CHECK',
      run_metadata: { checks: ['identity', 'sanctions'] },
    }),
  ]
  return random.chance(0.018) ? [...begun, bureauTimeout()] : [...begun, ...scored(random, policy, loan)]
}

const bureauTimeout = (): Step =>
  step(30 * SECOND, ENGINE, 'complete', {
    status: 'FAILURE',
    result: 'BUREAU_TIMEOUT',
    run_metadata: { error: { service: 'credit-bureau', attempts: 3 } },
    reason: 'The credit bureau did not answer within 30 seconds',
  })

const scored = (random: Random, policy: Policy, loan: Loan): readonly Step[] => {
  const score = step(random.between(600, 4000), ENGINE, 'change_status', {
    status: 'SCORED',
    run_metadata: {
      bureau: { open_loans: random.between(0, 5), arrears_12m: loan.score < 560 ? random.between(0, 3) : 0 },
      score: loan.score,
      risk_band: bandOf(loan.score),
    },
  })
  const delay = random.between(50, 800)
  if (loan.score < policy.decline) {
    const reason = `Score ${loan.score} is below the cut-off of ${policy.decline}`
    return [score, step(delay, ENGINE, 'complete', { status: 'SUCCESS', result: 'DECLINED', reason })]
  }
  return loan.score >= policy.approve && loan.amount < LARGE
    ? [score, approved(loan, ENGINE, delay)]
    : [score, ...reviewed(random, loan)]
}

const LARGE = 18_000

const bandOf = (score: number): string => {
  if (score >= 640) return score >= 680 ? 'A' : 'B'
  if (score >= 560) return score >= 600 ? 'C' : 'D'
  return 'E'
}

const approved = (loan: Loan, actor: string, delay: number): Step =>
  step(delay, actor, 'complete', {
    status: 'SUCCESS',
    result: 'APPROVED',
    run_metadata: { offer: { amount: loan.amount, annual_rate: rateOf(loan.score) } },
  })

const rateOf = (score: number): number => Math.round((15.9 - Math.max(0, score - 540) * 0.05) * 10) / 10

/** An underwriter looks at it, may ask for papers, and decides hours or days later; some applicants give up meanwhile. */
const reviewed = (random: Random, loan: Loan): readonly Step[] => {
  const underwriter = `underwriter-${String(random.between(1, 14)).padStart(2, '0')}`
  const isLarge = loan.amount >= LARGE
  const review = [
    step(random.between(50, 800), ENGINE, 'change_status', {
      status: 'MANUAL_REVIEW',
      run_metadata: { queue: isLarge ? 'large-amounts' : 'standard' },
      reason: isLarge ? 'Amounts of 18,000 and more are decided by hand' : 'The score is between the cut-offs',
    }),
    step(random.between(20, 300) * MINUTE, underwriter, 'change_status', {
      status: 'IN_REVIEW',
      run_metadata: { underwriter, queue: null },
    }),
  ]
  const isVerified = random.chance(0.65)
  if (isVerified) return [...review, decidedByHand(random, loan, underwriter)]
  return [...review, requested(random, underwriter), ...papers(random, loan, underwriter)]
}

const requested = (random: Random, underwriter: string): Step =>
  step(random.between(3, 40) * MINUTE, underwriter, 'change_status', {
    status: 'DOCUMENTS_REQUESTED',
    run_metadata: { documents: { requested: ['payslips', 'bank statement'], received: [] } },
    reason: 'The income could not be verified from the bureau data',
  })

const papers = (random: Random, loan: Loan, underwriter: string): readonly Step[] => {
  if (random.chance(0.2)) {
    const reason = 'Withdrawn by the applicant'
    const withdrawn = step(random.between(1, 6) * DAY, 'intake', 'complete', { status: 'CANCELLED', reason })
    return [random.chance(0.5) ? onPaper(random.between(1, 3) * DAY, withdrawn, `${reason}, by letter`) : withdrawn]
  }
  const received = step(random.between(4, 70) * HOUR, 'document-service', 'change_status', {
    status: 'DOCUMENTS_RECEIVED',
    run_metadata: { documents: { received: ['payslips', 'bank statement'] } },
  })
  const arrived = random.chance(0.2)
    ? onPaper(random.between(3, 60) * HOUR, received, 'Came by post, and was scanned later')
    : received
  return [arrived, decidedByHand(random, loan, underwriter)]
}

const decidedByHand = (random: Random, loan: Loan, underwriter: string): Step => {
  const delay = random.between(5, 200) * MINUTE
  if (random.chance(0.55)) return approved(loan, underwriter, delay)
  if (random.chance(0.3)) {
    const amount = Math.round((loan.amount * 0.7) / 250) * 250
    return step(delay, underwriter, 'complete', {
      status: 'SUCCESS',
      result: 'APPROVED_WITH_CONDITIONS',
      run_metadata: {
        offer: { amount, annual_rate: rateOf(loan.score), conditions: ['direct debit', 'lower amount'] },
      },
      reason: 'Affordable at a lower amount only',
    })
  }
  const reason = random.pick(['The income is too low for the instalments', 'The employment could not be confirmed'])
  return step(delay, underwriter, 'complete', { status: 'SUCCESS', result: 'DECLINED', reason })
}

/** A run's status: word, icon and colour, so that none of them is needed alone. */
import { Icon, type IconName } from './icon.tsx'

type Look = Readonly<{ icon: IconName; tone: string }>

const LOOKS: Readonly<Record<string, Look>> = {
  SUCCESS: { icon: 'done', tone: 'good' },
  FAILURE: { icon: 'failed', tone: 'bad' },
  CANCELLED: { icon: 'cancelled', tone: 'quiet' },
  PENDING: { icon: 'pending', tone: 'quiet' },
  STARTED: { icon: 'started', tone: 'busy' },
}
/** Statuses of the caller's own stand between start and completion. */
const OWN: Look = { icon: 'waiting', tone: 'busy' }

export const lookOf = (status: string): Look => (Object.hasOwn(LOOKS, status) ? (LOOKS[status] ?? OWN) : OWN)

export const Status = ({ status }: Readonly<{ status: string }>) => {
  const { icon, tone } = lookOf(status)
  return (
    <span class={`status ${tone}`}>
      <Icon name={icon} />
      {status}
    </span>
  )
}

/** Figures of signed checkpoints. */
import type { Gauge as GaugeType } from 'prom-client'
import type { Metrics } from './metrics.ts'
import { Gauge } from './prom-client.ts'

type Signing = Readonly<{ refused: string | null; signed: number | null }>

/** Exposes what `builder` says of itself at each scrape. */
export const measureCheckpoints = (
  { registry }: Pick<Metrics, 'registry'>,
  builder: Readonly<{ state: () => Signing }>,
): void => {
  const refused: GaugeType = new Gauge({
    name: 'run_ledger_checkpoint_refused',
    help: '1 while no checkpoint is signed because the log is not the one that was signed before, else 0.',
    registers: [registry],
    collect: () => refused.set(builder.state().refused === null ? 0 : 1),
  })
  const size: GaugeType = new Gauge({
    name: 'run_ledger_checkpoint_size',
    help: 'Events that the newest checkpoint covers which this process has signed. Absent before the first.',
    registers: [registry],
    collect: () => {
      const { signed } = builder.state()
      if (signed === null) size.reset()
      else size.set(signed)
    },
  })
}

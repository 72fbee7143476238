/** A Run in the shape of Lineart's SDK, which knows four statuses. */
import { isJsonObject, type Json, type JsonObject } from '../../run/json.ts'
import type { Run } from '../../run/run.ts'

const STATUSES: ReadonlySet<string> = new Set(['PENDING', 'STARTED', 'SUCCESS', 'FAILURE'])

/** Any other status is shown as STARTED, CANCELLED as FAILURE; the real one is then in `run_metadata["$status"]`. */
export const lineartRun = (run: Run): Run =>
  STATUSES.has(run.status)
    ? run
    : {
        ...run,
        status: run.status === 'CANCELLED' ? 'FAILURE' : 'STARTED',
        run_metadata: { ...run.run_metadata, $status: run.status },
      }

/** With its steps, of which the ledger has the metadata and no output. */
export const lineartRunData = (run: Run) => ({ ...lineartRun(run), steps: stepsOf(run) })

const stepsOf = ({ run_metadata: { steps } }: Run): Readonly<Record<string, Json>> =>
  isJsonObject(steps)
    ? Object.fromEntries(
        Object.entries(steps).map(([name, step]) => [
          name,
          { output: null, metadata: isJsonObject(step) ? ({ step_name: name, ...step } as JsonObject) : null },
        ]),
      )
    : {}

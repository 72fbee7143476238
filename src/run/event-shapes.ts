/** The shapes of the current schema versions: what nearly every stored event is. */
import { type EventType, OCCURRED_AT_FROM, VIA } from './events.ts'
import { isJsonObject } from './json.ts'
import {
  anyObject,
  anyText,
  hasShape,
  id,
  ownStatus,
  printable,
  type Shape,
  shape,
  terminalStatus,
  textUpTo,
  time,
} from './shape.ts'

const reason = textUpTo(1000)
const oneOf = (values: readonly unknown[]) => (value: unknown) => values.includes(value)
const orNull = (check: (value: unknown) => boolean) => (value: unknown) => value === null || check(value)

export const DATA_SHAPES: Readonly<Record<EventType, Shape>> = {
  RunCreated: shape(
    {
      run_id: id,
      run_group_id: orNull(id),
      policy_version_id: id,
      input_data: anyObject,
      run_metadata: anyObject,
      occurred_at: time,
    },
    { reason },
  ),
  RunStarted: shape({ run_id: id, occurred_at: time }, { reason }),
  RunStatusChanged: shape({ run_id: id, status: ownStatus, occurred_at: time }, { run_metadata: anyObject, reason }),
  RunCompleted: shape(
    { run_id: id, status: terminalStatus, result: orNull(textUpTo(256)), occurred_at: time },
    { run_metadata: anyObject, reason },
  ),
}

const RECORDED_BY = shape({ principal: orNull(anyText), via: oneOf(VIA) }, {})

/** Of metadata without `imported`. */
export const METADATA_SHAPE: Shape = shape(
  {
    schema_version: (value) => Number.isSafeInteger(value) && (value as number) > 0,
    command_id: printable,
    actor: printable,
    recorded_by: (value) => isJsonObject(value) && hasShape(RECORDED_BY, value),
    occurred_at_from: oneOf(OCCURRED_AT_FROM),
    $correlationId: printable,
    $causationId: printable,
  },
  { traceparent: anyText },
)

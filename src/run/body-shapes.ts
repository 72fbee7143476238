/** The shapes of the commands' bodies: what nearly every one is, told without its schema. */
import type { z } from 'zod'
import { ChangeStatusBody, CompleteBody, CreateBody, StartBody } from './commands.ts'
import { anyObject, id, ownStatus, type Shape, shape, terminalStatus, textUpTo, time } from './shape.ts'

const onEveryBody = { occurred_at: time, reason: textUpTo(1000) }
const run_metadata = anyObject

export const BODY_SHAPES: ReadonlyMap<z.ZodType, Shape> = new Map<z.ZodType, Shape>([
  [
    CreateBody,
    shape(
      { policy_version_id: id },
      { run_id: id, run_group_id: id, input_data: anyObject, run_metadata, ...onEveryBody },
    ),
  ],
  [StartBody, shape({}, onEveryBody)],
  [ChangeStatusBody, shape({ status: ownStatus }, { run_metadata, ...onEveryBody })],
  [CompleteBody, shape({ status: terminalStatus }, { result: textUpTo(256), run_metadata, ...onEveryBody })],
])

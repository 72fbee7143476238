/** The log's proofs on the wire. */
import { z } from 'zod'
import { AnswerTime } from './answers.ts'
import { wholeNumber } from './query-parts.ts'

const Hash = z.string().meta({ description: 'a SHA-256 hash in base64' })

const Size = wholeNumber(0, 999_999_999)

export const ConsistencyQuery = z.strictObject({
  from: Size.meta({ description: 'the size of the smaller tree' }),
  to: Size.meta({ description: 'the size of the larger tree' }),
})

export const ConsistencyAnswer = z.object({ from: z.int(), to: z.int(), path: z.array(Hash) }).meta({
  id: 'Consistency',
  description: 'RFC 9162, section 2.1.4: the first `from` leaves are a prefix of the first `to`',
})
export type ConsistencyAnswer = Readonly<z.infer<typeof ConsistencyAnswer>>

export const ProofAnswer = z
  .object({
    index: z.int().meta({ description: 'of the leaf, from 0' }),
    checkpoint_size: z.int().meta({ description: 'how many events the checkpoint covers' }),
    signed_at: AnswerTime,
    proof: z.string().meta({ description: 'the proof itself, `.tlog-proof` (C2SP tlog-proof v1)' }),
  })
  .meta({ id: 'Proof' })
export type ProofAnswer = Readonly<z.infer<typeof ProofAnswer>>

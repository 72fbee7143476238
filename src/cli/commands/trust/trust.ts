/** `run-ledger trust …`: keys, checkpoints and what they prove. */
import type { Declare } from '../../subcommand.ts'
import { declareAdopt } from './adopt.ts'
import { declareCheckpoint } from './checkpoint.ts'
import { declareKeygen } from './keygen.ts'
import { declareNewOrigin } from './new-origin.ts'
import { declareRotate } from './rotate.ts'
import { declareVerifyFiles } from './verify-files.ts'

const SUBCOMMANDS = [
  ['keygen <name>', 'Make a key that signs checkpoints, and print its verifier key', declareKeygen],
  ['checkpoint', 'Print the newest signed checkpoint', declareCheckpoint],
  ['verify <file...>', 'Check evidence packs, proofs and checkpoints, offline', declareVerifyFiles],
  ['rotate', 'Begin or end the use of another key', declareRotate],
  ['adopt', 'Let a key go on signing where its state file was lost', declareAdopt],
  ['new-origin', 'Begin a new origin, where the log is no longer the one that was signed', declareNewOrigin],
] as const

export const declareTrust: Declare = (trust, ending) => {
  for (const [usage, description, declare] of SUBCOMMANDS)
    declare(trust.command(usage).description(description), ending)
}

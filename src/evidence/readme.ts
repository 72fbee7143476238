/** What the README of a pack says. */
import type { Checkpoint } from '../trust/formats/checkpoint.ts'
import type { PackHead } from './pack-format.ts'

export const readmeOf = (
  { run_id, revision, checkpoint_size }: PackHead,
  { origin }: Checkpoint,
): string => `# Evidence of run ${run_id}

This pack holds the events of one run of the ledger \`${origin}\`, from revision 0 to revision ${revision}, as they are stored, with the
proof that each of them is in the log that was signed at ${checkpoint_size} events. It is complete up to revision ${revision} at that checkpoint, and
says nothing of what came later.

| file | what |
| --- | --- |
| events.ndjson | the events as stored, oldest first; \`data\` and \`metadata\` are the stored texts |
| entries.ndjson | the audit trail made of them: who, when, why, and what each changed |
| runs.ndjson | the Run after each event |
| checkpoint.txt | the signed checkpoint (C2SP tlog-checkpoint) |
| proofs/ | a proof for each event (C2SP tlog-proof), checked against the checkpoint |
| pack.json | what this pack is about |
| verify.html | checks this pack, offline: open it in a browser and drop the zip on it |

## How to check it

You need the verifier key (VKEY) of the ledger, from somebody who does not run it: a key that comes with a pack proves nothing.

Open verify.html in a browser, drop the zip on it and paste the key. Nothing is sent anywhere: the page forbids itself all connections.
If you do not trust the page that came with the pack, take one from elsewhere, or use the program:

    npx run-ledger trust verify PACK.zip --key VKEY

Both hash every event again, follow its proof to the root that was signed, check the signature, and make the audit trail and the Runs
again from the events.

## What it shows, and what not

- Each event in it stood in the signed log exactly as it is here: its run, revision, type, id, time of recording, data and metadata.
- No event of the run before revision ${revision} is missing: revisions have no gaps.
- It does not show that there is no later event. Anyone who holds all leaves of the log, or a newer pack, can tell.
- It does not show that what was recorded is true. \`position\` is a number of the store, and no part of the proof.
- An event without a \`nonce\` in its metadata is from before the ledger stored them: its proof is as strong, but its leaf alone lets others
  test guesses at its data.
`

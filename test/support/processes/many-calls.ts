/** Runs many command lines one after another in one process: each line of standard input is the JSON of one call's arguments. */
import { createInterface } from 'node:readline'
import { runProgram } from '../../../src/cli/program.ts'

const outputs = ['stdout', 'stderr'] as const
const write = process.stdout.write.bind(process.stdout)
// Each call listens for failures of both.
for (const name of outputs) process[name].setMaxListeners(0)

for await (const line of createInterface({ input: process.stdin })) {
  const printed = { stdout: '', stderr: '' }
  for (const name of outputs)
    process[name].write = ((text: string, done?: () => void) => {
      printed[name] += text
      done?.()
      return true
    }) as typeof process.stdout.write
  const status = await runProgram([process.execPath, 'run-ledger', ...JSON.parse(line)], '0.0.0')
  write(`${JSON.stringify({ status, ...printed })}\n`)
}
process.exitCode = 0

/** What `serve` makes of the arguments and the environment that a deployment gives it. */
import { Command } from 'commander'
import { expect, onTestFinished, vi } from 'vitest'
import { declareServe } from '../../src/cli/commands/serve.ts'
import type { LedgerOptions, ListenOptions } from '../../src/config.ts'

/** Of `args` (its own name first) and `env`; fails where it does not know one of them. */
export const optionsOf = (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): LedgerOptions & ListenOptions => {
  expect(args[0]).toBe('serve')
  const serve = new Command('serve').exitOverride()
  declareServe(serve, () => async () => undefined)
  const known = serve.options.map(({ envVar }) => envVar)
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith('RUN_LEDGER_')) expect(known).toContain(name)
    vi.stubEnv(name, value)
  }
  onTestFinished(() => void vi.unstubAllEnvs())
  serve.parse(args.slice(1), { from: 'user' })
  return serve.opts()
}

#!/usr/bin/env node
/** The program: `run-ledger <subcommand>`. */
import { enableCompileCache } from 'node:module'
import pkg from '../package.json' with { type: 'json' }

// Data, exports and locks are for their owner alone: directories get 0700 and files 0600.
process.umask(0o077)

// What is compiled once starts faster the next time; worker threads ask for it by the environment alone.
const { directory } = enableCompileCache()
if (directory !== undefined) process.env['NODE_COMPILE_CACHE'] = directory

const { runProgram } = await import('./cli/program.ts')
process.exitCode = await runProgram(process.argv, pkg.version)

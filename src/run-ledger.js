#!/usr/bin/env node
// Starts the program: in a clone its source as it is, in an installed package what was built of it.
import { existsSync } from 'node:fs'

const OLDEST_NODE = 24

const refuse = (line) => {
  process.stderr.write(`run-ledger: ${line}\n`)
  process.exitCode = 2
}

const start = async () => {
  const source = new URL('./main.ts', import.meta.url)
  try {
    await import(existsSync(source) ? source.href : new URL('../dist/src/main.js', import.meta.url).href)
  } catch (error) {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !/^Cannot find package /.test(error.message)) throw error
    refuse('the packages of the program are not installed, only the client: install again without --omit=optional')
  }
}

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE)
  refuse(`Node ${OLDEST_NODE} or later is needed, and this is ${process.versions.node}`)
else await start()

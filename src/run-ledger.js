#!/usr/bin/env node
// Starts the program: in a clone its source as it is, in an installed package what was built of it.
import { existsSync } from 'node:fs'

const source = new URL('./main.ts', import.meta.url)
await import(existsSync(source) ? source.href : new URL('../dist/src/main.js', import.meta.url).href)

// Builds what is packed. In a fresh clone, where nothing is installed yet, it installs first.
import { execSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const run = (command) => execSync(command, { stdio: ['ignore', 'inherit', 'inherit'] })

if (!existsSync('node_modules/typescript')) run('npm ci --no-audit --no-fund')
run('npm run build')

// Before packing: builds what is packed, and makes the program's packages optional in the manifest (decision 0009).
import { execSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'

const run = (command) => execSync(command, { stdio: ['ignore', 'inherit', 'inherit'] })

// What the client's declarations name.
const OF_THE_CLIENT = ['zod']

const optional = (manifest) => {
  const { dependencies, ...rest } = manifest
  const isOfTheClient = ([name]) => OF_THE_CLIENT.includes(name)
  return {
    ...rest,
    dependencies: Object.fromEntries(Object.entries(dependencies).filter(isOfTheClient)),
    optionalDependencies: Object.fromEntries(Object.entries(dependencies).filter((each) => !isOfTheClient(each))),
  }
}

// A fresh clone has nothing installed yet.
if (!existsSync('node_modules/typescript')) run('npm ci --no-audit --no-fund')
run('npm run build')
copyFileSync('package.json', 'package.json.orig')
writeFileSync(
  'package.json',
  `${JSON.stringify(optional(JSON.parse(readFileSync('package.json', 'utf8'))), null, 2)}\n`,
)

/** The package as `npm pack` makes it, installed in an empty project outside the repository. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

export type InstalledPackage = Readonly<{
  /** The project that it is installed in. */
  directory: string
  /** Its files, as paths inside it. */
  files: readonly string[]
  /** Runs Node there; answers what it prints. */
  node: (...args: readonly string[]) => Promise<string>
  remove: () => void
}>

/**
 * Packed from a copy, so that no build is left in the repository. Its dependencies are links to the repository's own: the
 * same versions that `npm install` would fetch by the lock file, without a network.
 */
export const installPackage = async (): Promise<InstalledPackage> => {
  const temporary = mkdtempSync(join(tmpdir(), 'run-ledger-package-'))
  const source = join(temporary, 'source')
  mkdirSync(source)
  for (const name of PACKED_FROM) cpSync(join(ROOT, name), join(source, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'))
  await run('npm', ['pack', '--pack-destination', temporary], { cwd: source })

  const directory = join(temporary, 'project')
  const modules = join(directory, 'node_modules')
  const installed = join(modules, 'run-ledger')
  mkdirSync(installed, { recursive: true })
  const [tarball = ''] = readdirSync(temporary).filter((name) => name.endsWith('.tgz'))
  await run('tar', ['-xzf', join(temporary, tarball), '-C', installed, '--strip-components', '1'])
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
    optionalDependencies: Record<string, string>
  }
  // What a project of Node's has of its own.
  const own = ['@types/node', 'undici-types']
  const { dependencies, optionalDependencies } = manifest
  for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...own]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
  return {
    directory,
    files: readdirSync(installed, { recursive: true }).map(String),
    node: (...args) =>
      run(process.execPath, args, { cwd: directory }).then(
        ({ stdout }) => stdout,
        ({ stdout, stderr }) => {
          throw new Error(stdout + stderr)
        },
      ),
    remove: () => rmSync(temporary, { recursive: true, force: true }),
  }
}

const PACKED_FROM = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'docs',
  'projections',

  'src',
]

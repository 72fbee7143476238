/** Builds `verify.html`: one file that checks evidence packs, with one classic script and a policy that names it by its hash. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { ROOT, TARGET } from './bundle.ts'

const SOURCE = join(ROOT, 'src/pages/verify')

/** To be called after `clean`. */
export const buildVerifyPage = async (): Promise<void> => {
  const [script, style, page] = await Promise.all([
    bundled('verify.ts'),
    bundled('verify.css'),
    readFile(join(SOURCE, 'verify.html'), 'utf8'),
  ])
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'none'",
    "form-action 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')
  await mkdir(TARGET, { recursive: true })
  // By functions: what they insert may hold `$&`.
  const whole = page
    .replace('POLICY', () => policy)
    .replace('<link rel="stylesheet" href="verify.css">', () => `<style>${style}</style>`)
    .replace('<script src="verify.ts"></script>', () => `<script>${script}</script>`)
  await writeFile(join(TARGET, 'verify.html'), whole)
}

const bundled = async (name: string): Promise<string> => {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [join(SOURCE, name)],
    bundle: true,
    write: false,
    format: 'iife',
    target: ['chrome120', 'firefox121', 'safari17'],
    alias: { 'fp-ts/lib': 'fp-ts/es6' },
    minify: true,
    legalComments: 'none',
    plugins: [withoutLocales],
    logLevel: 'warning',
  })
  return outputFiles[0]?.text.trim() ?? ''
}

/** The messages of schemas in fifty languages are half of the script. */
const withoutLocales: Plugin = {
  name: 'without-locales',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ path }) => ({ path, namespace: 'without-locales' }))
    onLoad({ filter: /./, namespace: 'without-locales' }, () => ({ contents: 'export {}' }))
  },
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

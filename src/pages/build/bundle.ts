/** How the pages are bundled: esbuild's options, and the index that names the files that came out. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import type { BuildOptions, Metafile } from 'esbuild'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const SOURCE = join(ROOT, 'src/pages')
export const TARGET = join(ROOT, 'dist/pages')
const ASSETS = join(TARGET, 'assets')

/** `watching`: the bundle reloads the page once the next one is there. */
export const bundleOptions = ({ watching }: Readonly<{ watching: boolean }>) =>
  ({
    absWorkingDir: ROOT,
    entryPoints: [join(SOURCE, 'main.tsx'), join(SOURCE, 'styles/pages.css')],
    outdir: ASSETS,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['chrome120', 'firefox121', 'safari17'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    // CommonJS cannot be shaken: all of fp-ts would come along for its two constructors.
    alias: { 'fp-ts/lib': 'fp-ts/es6' },
    minify: !watching,
    sourcemap: watching ? 'linked' : false,
    legalComments: 'none',
    define: { WATCHING: String(watching) },
    metafile: true,
    logLevel: 'warning',
  }) as const satisfies BuildOptions

/** Empties the target: names change with contents, so files of earlier builds would stay. */
export const clean = (): Promise<void> => rm(TARGET, { recursive: true, force: true })

/** Writes the index beside the assets, and each asset in the forms that browsers accept. */
export const finish = async ({ outputs }: Metafile): Promise<void> => {
  const files = Object.keys(outputs).filter((file) => !file.endsWith('.map'))
  await Promise.all(files.map((file) => compress(join(ROOT, file))))
  const entry = (name: string) =>
    basename(files.find((file) => outputs[file]?.entryPoint?.endsWith(name)) ?? fail(`no output for ${name}`))
  const index = (await readFile(join(SOURCE, 'index.html'), 'utf8'))
    .replace('pages.css', `assets/${entry('pages.css')}`)
    .replace('main.tsx', `assets/${entry('main.tsx')}`)
  await writeFile(join(TARGET, 'index.html'), index)
}

const compress = async (file: string): Promise<void> => {
  const bytes = await readFile(file)
  await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }))
  await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes))
}

const fail = (message: string): never => {
  throw new Error(message)
}

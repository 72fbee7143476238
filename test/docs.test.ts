/** What the pages show is true: each call is made as it is written, one after another, and must answer what stands below it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startProgram } from './support/processes/program.ts'
import { testDirectory } from './support/stores.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DOCS = join(ROOT, 'docs')
const MAIN = join(ROOT, 'src/main.ts')

/** Which program a page asks its readers to keep running, and how. */
const PAGES = [
  { page: 'README.md', program: ['demo', '--data', 'run-ledger-data/demo'] },
  { page: 'docs/tutorial.md', program: ['serve', '--data', 'ledger'] },
  { page: 'docs/auditors.md', program: ['serve', '--data', 'example'] },
  { page: 'docs/engineers.md', program: ['serve', '--data', 'example'] },
]

test.for(PAGES)('what $page shows is answered as it says', async ({ page, program }) => {
  const directory = testDirectory()
  symlinkSync(DOCS, join(directory, 'docs'))
  let server: Promise<string> | null = null
  const calls = callsOf(readFileSync(join(ROOT, page), 'utf8'))
  expect(calls.length).toBeGreaterThan(9)
  for (const { command, shown } of calls) {
    if (command.startsWith('curl')) server ??= started(program, directory)
    const answer = command.startsWith('curl') ? await curl(command, await server) : await shell(command, directory)
    if (!isAsShown(answer, shown)) expect(`$ ${command}\n${answer}`).toBe(`$ ${command}\n${shown}`)
  }
})

const started = ([command = '', flag = '', data = '']: readonly string[], directory: string): Promise<string> =>
  startProgram(command, flag, join(directory, data), '--port', '0').address

test('every link between the pages leads to a page and a heading that is there', () => {
  const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT })
  const broken = pages.flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)/g)]
      .filter(([, path = '', heading = '']) => {
        const target = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path)
        return !existsSync(target) || (heading !== '' && !anchorsOf(readFileSync(target, 'utf8')).includes(heading))
      })
      .map(([link]) => `${page}: ${link}`),
  )
  expect(pages.length).toBeGreaterThan(10)
  expect(broken).toEqual([])
})

/** As GitHub makes them of headings. */
const anchorsOf = (page: string): readonly string[] =>
  [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

type Call = Readonly<{ command: string; shown: string }>

/** Every command of the page's console blocks, with what is printed below it. */
const callsOf = (page: string): readonly Call[] =>
  [...page.matchAll(/^( *)```console\n(.*?)^\1```$/gms)].flatMap(([, , block = '']) =>
    block
      .split(/^ *\$ /m)
      .slice(1)
      .map((call) => {
        const [, command = '', shown = ''] = /^((?:[^\n]*\\\n)*[^\n]*)\n(.*)$/s.exec(call) ?? []
        return { command: command.replaceAll(/\\\n\s*/g, ''), shown }
      }),
  )

/** `…` stands for anything, and how a page breaks its lines is its own matter. */
const isAsShown = (answer: string, shown: string): boolean => {
  const [first = '', ...rest] = bare(shown).split('…')
  const [left, last] = [bare(answer), rest.pop()]
  if (last === undefined) return left === first
  let at = left.startsWith(first) ? first.length : -1
  for (const part of rest) {
    const found = at < 0 ? -1 : left.indexOf(part, at)
    at = found < 0 ? -1 : found + part.length
  }
  return at >= 0 && left.length - last.length >= at && left.endsWith(last)
}

const bare = (text: string): string => text.replaceAll(/\s/g, '')

/** Not every machine has curl. */
const curl = async (command: string, url: string | null): Promise<string> => {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '')
  const valuesOf = (flag: string) => words.flatMap((word, at) => (words[at - 1] === flag ? [word] : []))
  const address = words.find((word) => word.startsWith('http://')) ?? ''
  const answer = await fetch(address.replace('http://127.0.0.1:8080', url ?? ''), {
    method: valuesOf('-X')[0] ?? (valuesOf('-d').length > 0 ? 'POST' : 'GET'),
    headers: valuesOf('-H').map((header) => header.split(': ', 2) as [string, string]),
    body: valuesOf('-d')[0] ?? null,
  })
  return answer.text()
}

/** Runs `command` as a shell does; `npx run-ledger` is the program itself. */
const shell = async (command: string, cwd: string): Promise<string> => {
  const npx = `npx() { shift; "${process.execPath}" "${MAIN}" "$@"; }`
  const child = spawn('sh', ['-c', `${npx}\n${command}`], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return output + errors
}

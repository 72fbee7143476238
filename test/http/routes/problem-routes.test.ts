import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PROBLEMS } from '../../../src/api/problem-kinds.ts'
import { problemsMarkdown } from '../../../src/http/routes/problem-routes.ts'
import { serverForAll } from '../../support/network/http-server.ts'

const server = serverForAll()

test('docs/problems.md is the table of problems', () => {
  const page = readFileSync(new URL('../../../docs/problems.md', import.meta.url), 'utf8')
  const make = `node -e "import('./src/http/routes/problem-routes.ts').then((m) => process.stdout.write(m.problemsMarkdown()))" > docs/problems.md`
  expect(page, `docs/problems.md is not what the table says. Make it again with:\n${make}\n`).toBe(problemsMarkdown())
})

test.each(Object.entries(PROBLEMS))('/problems/%s explains itself to people', async (slug, { title, status }) => {
  const answer = await server.current().get(`/problems/${slug}`)
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
  expect(answer.body).toContain(`<h1>${title}</h1>`)
  expect(answer.body).toContain(`status ${status}`)
  expect(answer.body).not.toContain('`')
})

/** `/problems/<slug>`: what a problem means and what to do about it. */
import { z } from 'zod'
import { PROBLEMS, type ProblemKind } from '../../api/problem-kinds.ts'
import { problem } from '../../api/problems.ts'
import { documented } from '../open-api/documented.ts'
import { refuse } from '../response/problem-response.ts'
import { NO_CACHE } from '../response/response-headers.ts'
import type { App } from '../server-parts.ts'

export const problemRoutes = (app: App): void => {
  app.get(
    '/problems/:slug',
    { schema: { ...DOCUMENTED, params: z.object({ slug: z.string() }) } },
    (request, reply) => {
      const { slug } = request.params
      const kind: ProblemKind | undefined = Object.hasOwn(PROBLEMS, slug)
        ? PROBLEMS[slug as keyof typeof PROBLEMS]
        : undefined
      if (kind === undefined) return refuse(reply, problem('not-found', 'there is no such problem'))
      reply.header('content-type', 'text/html; charset=utf-8').header('cache-control', NO_CACHE)
      return pageOf(slug, kind)
    },
  )
}

/** The table as a page of Markdown. */
export const problemsMarkdown = (): string => {
  const sections = Object.entries(PROBLEMS).map(([slug, kind]: [string, ProblemKind]) =>
    [`## ${slug}`, `**${kind.status}** ${kind.title}.`, kind.explanation, retryLine(kind)].filter(Boolean).join('\n\n'),
  )
  return `${[MARKDOWN_HEAD, ...sections].join('\n\n')}\n`
}

const MARKDOWN_HEAD = `# Problems

Every refusal is an RFC 9457 problem (\`application/problem+json\`). Its \`type\` is \`/problems/<slug>\`, which a server
shows as a page; these are the slugs. \`detail\` describes the occurrence, \`errors\` names the fields at fault.`

const retryLine = ({ retryAfter }: ProblemKind): string =>
  retryAfter === undefined ? '' : `Sent with \`Retry-After: ${retryAfter}\` (seconds).`

const pageOf = (slug: string, kind: ProblemKind): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${slug}: ${htmlOf(kind.title)}</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem}code{background:#8882;padding:0 .2em}</style>
<h1>${htmlOf(kind.title)}</h1>
<p><code>${slug}</code>, status ${kind.status}</p>
<p>${htmlOf(kind.explanation)}</p>
${kind.retryAfter === undefined ? '' : `<p>${htmlOf(retryLine(kind))}</p>\n`}<p><a href="../docs">All routes</a></p>
</html>
`

/** Escaped, and with \`code\` marked as such. */
const htmlOf = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>')

const DOCUMENTED = documented({
  operationId: 'getProblem',
  permission: 'open',
  summary: 'What a kind of problem means and what to do about it',
  tag: 'service',
  answers: { 200: { description: 'A page', schema: z.string(), type: 'text/html' } },
  problems: ['not-found'],
})

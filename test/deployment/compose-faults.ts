/** What the Compose specification's schema finds wrong with a file. */
import { DCLinter } from 'dclint'
import { z } from 'zod'

export const faultsOf = (path: string) =>
  Linted.parse(new DCLinter({ rules: {}, quiet: true, debug: false, exclude: [] }).lintFiles([path], false))
    .flatMap(({ messages }) => messages)
    .filter(({ type }) => type === 'error')

// Its own types do not reach TypeScript: they import each other without extensions.
const Linted = z.array(z.object({ messages: z.array(z.object({ type: z.string(), message: z.string() })) }))

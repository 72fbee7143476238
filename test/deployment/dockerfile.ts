/** The Dockerfile as the tests look at it: its last stage, which is the image. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Copy, DockerfileParser, type Env, type Instruction } from 'dockerfile-ast'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export type ImageFile = Readonly<{
  /** What is copied from the project, as paths in it, over all stages. */
  copied: readonly string[]
  /** What of the project is in the image itself. */
  contents: readonly string[]
  env: ReadonlyMap<string, string>
  user: string | undefined
  /** In exec form; fails where they have another. */
  entrypoint: readonly string[]
  cmd: readonly string[]
  healthcheck: readonly string[]
}>

export const imageFile = (): ImageFile => {
  const instructions = DockerfileParser.parse(readFileSync(`${ROOT}Dockerfile`, 'utf8')).getInstructions()
  const lastStage = instructions.slice(instructions.findLastIndex((one) => one.getKeyword() === 'FROM'))
  const last = (keyword: string) => lastStage.findLast((one) => one.getKeyword() === keyword)
  return {
    copied: [...new Set(fromProject(instructions))],
    contents: fromProject(lastStage),
    env: new Map(
      lastStage
        .filter((one): one is Env => one.getKeyword() === 'ENV')
        .flatMap((one) => one.getProperties().map((each) => [each.getName(), each.getValue() ?? ''] as const)),
    ),
    user: last('USER')?.getArgumentsContent() ?? undefined,
    entrypoint: execForm(last('ENTRYPOINT')?.getArgumentsContent()),
    cmd: execForm(last('CMD')?.getArgumentsContent()),
    healthcheck: execForm(/\bCMD\s+(\[.*)$/s.exec(last('HEALTHCHECK')?.getRawArgumentsContent() ?? '')?.[1]),
  }
}

const fromProject = (instructions: readonly Instruction[]): readonly string[] =>
  instructions
    .filter((one): one is Copy => one.getKeyword() === 'COPY')
    .filter((one) => !one.getFlags().some((flag) => flag.getName() === 'from'))
    .flatMap((one) => one.getArguments().slice(0, -1))
    .map((argument) => argument.getValue())

const execForm = (text: string | null | undefined): readonly string[] => {
  const words: unknown = JSON.parse(text ?? 'null')
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string'))
    throw new Error(`no exec form: ${text}`)
  return words
}

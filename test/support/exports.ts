/** What an export writes, for tests of its content. */
import type { Export } from '../../src/transfer/export.ts'

/** All of it; throws where it is no whole export. */
export const textOf = async ({ pieces, fault }: Export): Promise<string> => {
  let text = ''
  for await (const piece of pieces) text += piece
  const found = fault()
  if (found !== null) throw new Error(found.detail)
  return text
}

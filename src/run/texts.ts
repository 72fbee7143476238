/** The short texts that travel with commands and events, and their limits. Lengths count characters (code points). */
import { z } from 'zod'

const PRINTABLE_ASCII = 'of printable ASCII'

export const CommandId = z.string().regex(/^[\x20-\x7e]{1,255}$/, `must be 1 to 255 characters ${PRINTABLE_ASCII}`)
export const CorrelationId = z.string().regex(/^[\x20-\x7e]{1,128}$/, `must be 1 to 128 characters ${PRINTABLE_ASCII}`)
// Without \p, so that the pattern is the same to those who read it without `u`, as the reference page does.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is excluded
const WITHOUT_CONTROLS = /^[^\x00-\x1f\x7f-\x9f]{1,256}$/u
export const Actor = z.string().regex(WITHOUT_CONTROLS, 'must be 1 to 256 characters without control characters')
export const Reason = z.string().regex(/^[\s\S]{0,1000}$/u, 'must be at most 1,000 characters')
export const Result = z.string().regex(/^[\s\S]{0,256}$/u, 'must be at most 256 characters')

/** W3C Trace Context, section 3.2: what does not look like one is left out rather than refused. */
export const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]{1,200})?$/

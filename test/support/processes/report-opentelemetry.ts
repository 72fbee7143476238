/** Loaded before a program: writes every module of OpenTelemetry that it loads, in any thread, to standard error. */
import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'

registerHooks({
  load: (url, context, next) => {
    if (url.includes('@opentelemetry')) writeSync(2, `loaded ${url}\n`)
    return next(url, context)
  },
})

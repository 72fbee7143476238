/** `npm run pages`: the demo beside a bundle that is built again with every change; the page in the browser reloads. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { context } from 'esbuild'
import { bundleOptions, clean, finish } from './bundle.ts'
import { buildVerifyPage } from './verify-page.ts'

await clean()
await buildVerifyPage()
const bundle = await context({
  ...bundleOptions({ watching: true }),
  plugins: [
    {
      name: 'index',
      setup: ({ onEnd }) =>
        onEnd(async ({ errors, metafile }) => {
          if (errors.length === 0 && metafile !== undefined) await finish(metafile)
        }),
    },
  ],
})
await bundle.rebuild()
await bundle.watch()
const demo = spawn(process.execPath, ['src/main.ts', 'demo', ...process.argv.slice(2)], { stdio: 'inherit' })
await once(demo, 'exit')
await bundle.dispose()

/** `npm run build:pages`: bundles the pages into dist/pages. */
import { build } from 'esbuild'
import { bundleOptions, clean, finish } from './bundle.ts'
import { buildVerifyPage } from './verify-page.ts'

await clean()
await buildVerifyPage()
const { metafile } = await build(bundleOptions({ watching: false }))
await finish(metafile)

/** `npm run build:pages`: bundles the pages into dist/pages. */
import { build } from 'esbuild'
import { bundleOptions, clean, finish } from './bundle.ts'

await clean()
const { metafile } = await build(bundleOptions({ watching: false }))
await finish(metafile)

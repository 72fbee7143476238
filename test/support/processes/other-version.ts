/** Preloaded, it makes of this program one with another version of the fold, and so with another set of tables. */
import { registerHooks } from 'node:module'

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    if (!url.endsWith('/projections/current-run.ts')) return loaded
    const source = String(loaded.source).replace('FOLD_VERSION = 1', 'FOLD_VERSION = 2')
    if (source === String(loaded.source)) throw new Error('the version of the fold is not where it was')
    return { ...loaded, source }
  },
})

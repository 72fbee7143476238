/** Where the built pages are. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// From the source in a clone, and from what was built of it in a package.
const PLACES = ['../../dist/pages/', '../../pages/'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** The directory that `npm run build:pages` fills; null where that has not been done. */
export const pagesDirectory = (): string | null => PLACES.find((place) => existsSync(`${place}index.html`)) ?? null

/** Where the built pages are. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// From the source in a clone, and from what was built of it in a package.
const PLACES = ['../../dist/pages/', '../../pages/'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** The directory that `npm run build:pages` fills; null where that has not been done. */
/** The page that checks evidence packs, which each of them holds; null where it has not been built. */
export const verifyPage = (): Buffer<ArrayBuffer> | null => {
  const directory = pagesDirectory()
  return directory === null || !existsSync(`${directory}verify.html`) ? null : readFileSync(`${directory}verify.html`)
}

export const pagesDirectory = (): string | null => PLACES.find((place) => existsSync(`${place}index.html`)) ?? null

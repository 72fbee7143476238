/** The pages' entry. */
import { render } from 'preact'
import { App } from './app.tsx'

declare const WATCHING: boolean

if (WATCHING) {
  // `npm run pages`: the index names the bundle, so another index is another bundle.
  const read = async () => (await fetch(document.baseURI)).text()
  const loaded = read()
  setInterval(async () => {
    if ((await loaded) !== (await read().catch(() => loaded))) location.reload()
  }, 1_000)
}

const place = document.getElementById('app')
if (place !== null) render(<App />, place)

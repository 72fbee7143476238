/** A JSON value as a reader sees it: short ones in line, long ones cut, very long ones to download only. */
import { useState } from 'preact/hooks'
import type { Json } from '../../run/json.ts'
import { bytesText } from '../lib/format.ts'

const CUT_AT = 2_000
const DOWNLOAD_FROM = 2_000_000

/** In one line where it fits; objects and arrays are indented. */
export const Value = ({ value, name = 'value' }: Readonly<{ value: Json | undefined; name?: string }>) => {
  if (value === undefined) return <span class="none">absent</span>
  if (typeof value === 'object' && value !== null) {
    const line = JSON.stringify(value)
    return line.length <= LINE ? (
      <code class="value">{spaced(line)}</code>
    ) : (
      <Text text={JSON.stringify(value, null, 2)} name={name} />
    )
  }
  if (typeof value === 'string')
    return value.length <= LINE ? (
      <span class="value text">{value === '' ? '“”' : value}</span>
    ) : (
      <Text text={value} name={name} />
    )
  return <code class="value">{String(value)}</code>
}

const LINE = 72

const spaced = (json: string): string =>
  json.replaceAll(/([{,:[])(?=["\d[{tfn-])/g, (sign) => (sign === ',' || sign === ':' ? `${sign} ` : sign))

/** Text of any length. */
export const Text = ({ text, name }: Readonly<{ text: string; name: string }>) => {
  const [whole, setWhole] = useState(false)
  const cut = text.length > CUT_AT && !whole
  return (
    <div class="long">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section tabIndex={0} aria-label={name}>
        <pre>{cut ? `${text.slice(0, CUT_AT)}…` : text}</pre>
      </section>
      <p class="actions">
        {cut && text.length <= DOWNLOAD_FROM && (
          <button type="button" onClick={() => setWhole(true)}>
            Show all {bytesText(text.length)}
          </button>
        )}
        {text.length > CUT_AT && (
          <button type="button" onClick={() => download(`${name}.txt`, 'text/plain', [text])}>
            Download
          </button>
        )}
      </p>
    </div>
  )
}

/** Hands the reader a file made here. */
export const download = (name: string, type: string, parts: BlobPart[]): void => {
  const url = URL.createObjectURL(new Blob(parts, { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name.replaceAll(/[^\w.-]+/g, '-')
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

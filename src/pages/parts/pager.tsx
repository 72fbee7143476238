/** Older and newer pages of a list. A cursor only leads on; the way back is remembered by the tab, or leads to the first page. */
import { useEffect } from 'preact/hooks'
import type { Address } from '../lib/address.ts'
import { forTab } from '../lib/stored.ts'
import { Icon } from './icon.tsx'

type PagerProps = Readonly<{ address: Address; next: string | null; words?: Readonly<{ on: string; back: string }> }>

export const Pager = ({ address, next, words = { on: 'Older', back: 'Newer' } }: PagerProps) => {
  const cursor = address.params.get('cursor')
  useEffect(() => {
    if (next !== null) forTab.write(next, cursor ?? '')
  }, [next, cursor])
  if (cursor === null && next === null) return null
  const before = cursor === null ? null : forTab.read(cursor)
  return (
    <nav class="pager" aria-label="Older and newer">
      {cursor !== null && (
        <a href={address.hrefWith({ cursor: before === '' ? null : before })} rel="prev">
          <Icon name="previous" /> {before === null ? 'First page' : words.back}
        </a>
      )}
      {next !== null && (
        <a href={address.hrefWith({ cursor: next })} rel="next">
          {words.on} <Icon name="next" />
        </a>
      )}
    </nav>
  )
}

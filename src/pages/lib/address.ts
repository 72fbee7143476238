/** Addresses of pages and of the API: the pages stand under one path, the API one level above. */

import { useRef } from 'preact/hooks'
import { useLocation, useRoute } from 'preact-iso'

/** `/ui/`, with whatever path a proxy puts before it. */
export const BASE: string = new URL('.', document.baseURI).pathname

/** The API's address. */
export const API = new URL('..', document.baseURI)

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>

/** `?…`, or nothing; null and undefined are left out, lists repeat their name. */
export const queryText = (query: Query): string => {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined) continue
    for (const item of Array.isArray(value) ? value : [value]) parameters.append(name, String(item))
  }
  return parameters.size === 0 ? '' : `?${parameters}`
}

/** The address of a page; `path` is relative to `/ui/`. */
export const pageHref = (path: string, query: Query = {}): string => BASE + path + queryText(query)

export const runHref = (run_id: string, query?: Query): string => pageHref(`runs/${encodeURIComponent(run_id)}`, query)
export const policyHref = (id: string, query?: Query, page?: 'agreement'): string =>
  pageHref(`policy-versions/${encodeURIComponent(id)}${page === undefined ? '' : `/${page}`}`, query)
export const groupHref = (id: string): string => pageHref(`run-groups/${encodeURIComponent(id)}`)

/** The address of an API route, for links that a person follows. */
export const apiHref = (path: string, query: Query = {}): string =>
  new URL(path + queryText(query), API).pathname + queryText(query)

export type Address = Readonly<{
  path: string
  params: URLSearchParams
  /** This page with other parameters: null removes one. */
  hrefWith: (changes: Query) => string
  /** Goes there; `replace` leaves no trace in the history, as for a slider that moves. */
  go: (href: string, replace?: boolean) => void
}>

/** The page's address, which is its only state. */
export const useAddress = (): Address => {
  const { url: current, path, route } = useLocation()
  const mine = useRoute().path as string | undefined
  const last = useRef(current)
  // A page stays on show until the file of the next one is there; that one's address is none of its business.
  if (mine === undefined || mine === path) last.current = current
  const { pathname, searchParams } = new URL(last.current, location.origin)
  return {
    path: pathname,
    params: searchParams,
    hrefWith: (changes) => {
      const parameters = new URLSearchParams(searchParams)
      for (const [name, value] of Object.entries(changes)) {
        parameters.delete(name)
        if (value === null || value === undefined) continue
        for (const item of Array.isArray(value) ? value : [value]) parameters.append(name, String(item))
      }
      return pathname + (parameters.size === 0 ? '' : `?${parameters}`)
    },
    go: route,
  }
}

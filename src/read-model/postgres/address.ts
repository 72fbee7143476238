/** The address of a PostgreSQL database, checked without loading its client. */
import { accessSync, constants } from 'node:fs'
import { type Either, left, right } from 'fp-ts/lib/Either.js'

const FORM = 'must be postgres://USER@HOST/DATABASE'
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full']
const SSL_FILES = ['sslrootcert', 'sslcert', 'sslkey']

export const isPostgresUrl = (text: string): boolean => /^postgres(ql)?:\/\/./.test(text)

/** A URL as libpq takes it, for one host. Left where it cannot be used; `detail` says what to change, and holds no secret. */
export const checkPostgresUrl = (text: string): Either<Readonly<{ detail: string }>, string> => {
  if (!isPostgresUrl(text) || !URL.canParse(text)) return left({ detail: FORM })
  const { searchParams, pathname } = new URL(text)
  if (pathname.length < 2) return left({ detail: `${FORM}: it names no database` })
  const mode = searchParams.get('sslmode')
  if (mode !== null && !SSL_MODES.includes(mode))
    return left({ detail: `has sslmode=${mode}: it must be one of ${SSL_MODES.join(', ')}` })
  if (mode === 'verify-ca' && !searchParams.has('sslrootcert'))
    return left({ detail: 'has sslmode=verify-ca: give sslrootcert=FILE, too' })
  for (const name of SSL_FILES) {
    const file = searchParams.get(name)
    if (file !== null && !isReadable(file)) return left({ detail: `has ${name}=${file}, which cannot be read` })
  }
  return right(text)
}

const isReadable = (file: string): boolean => {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** The server and the database, for messages: a URL may hold a password. */
export const placeOf = (url: string): string => {
  const { host, pathname } = new URL(url)
  return `postgres://${host}${pathname}`
}

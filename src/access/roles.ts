/** Who may do what: the roles, and the permission that each route declares. */

export const ROLES = ['reader', 'auditor', 'writer', 'operator', 'admin'] as const

/** What a principal may do. It may have several roles. */
export type Role = (typeof ROLES)[number]

/** What a route asks for: nothing, or one of some roles. Who may do as an auditor may do as a reader. */
export type Permission = 'open' | Role | readonly Role[]

/** The roles that `permission` admits; null where it asks for no credentials. */
export const rolesFor = (permission: Permission): readonly Role[] | null => {
  if (permission === 'open') return null
  const named = new Set([permission].flat())
  return ROLES.filter((role) => named.has(role) || (role === 'auditor' && named.has('reader')))
}

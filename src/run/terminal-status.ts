/** The statuses that end a run. Apart from the schemas, because the fold needs them in a browser too. */

export const TERMINAL_STATUSES = ['SUCCESS', 'FAILURE', 'CANCELLED'] as const

export const isTerminal = (status: string): status is (typeof TERMINAL_STATUSES)[number] =>
  (TERMINAL_STATUSES as readonly string[]).includes(status)

/** What a read finds in the tables that no projector writes. */

/**
 * Thrown where a row is missing that must be there, or a stored event cannot be folded again. The adapter catches it together
 * with what its database throws, and returns both as `ReadModelUnavailable`.
 */
export const damage = (detail: string): Error => Object.assign(new Error(detail), { code: READ_MODEL_DAMAGE })

export const READ_MODEL_DAMAGE = 'READ_MODEL_DAMAGE'

/** Numbers as people read them. */

/** 1,234,567 */
export const count = (value: number): string => value.toLocaleString('en')

/** "1 line", "2 lines" */
export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`

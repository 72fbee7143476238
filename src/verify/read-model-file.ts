/** The read model's file as it is read: its damage is a finding, never the log's fault. */
import type { DatabaseSync } from 'node:sqlite'
import { isDamage } from '../read-model/sqlite/sqlite-failure.ts'
import type { Finding } from './findings.ts'

/** `work`, which reads the read model; null where its file is damaged, which goes to `found`. */
export const unlessDamaged = <Result>(found: (finding: Finding) => void, work: () => Result): Result | null => {
  try {
    return work()
  } catch (error) {
    if (!isDamage(error)) throw error
    found({ kind: 'damaged-read-model', detail: (error as Error).message })
    return null
  }
}

/** Passes to `found` what is wrong with the pages of the file, and where an index says something else than its table. */
export const checkFile = (readModel: DatabaseSync, found: (finding: Finding) => void): void => {
  unlessDamaged(found, () => {
    for (const row of readModel.prepare(`PRAGMA integrity_check(${SHOWN})`).all()) {
      const detail = String(Object.values(row)[0])
      if (detail !== 'ok') found({ kind: 'damaged-read-model', detail })
    }
  })
}

const SHOWN = 20

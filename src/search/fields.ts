/** The fields that a search may name, and the words of the language: for the parser, and for completion. */
import type { Field } from './syntax.ts'

/** The Run's ten fields and two more, with the short names of two of them. */
export const SEARCH_FIELDS = {
  run_id: { kind: 'text', name: 'run_id' },
  run_group_id: { kind: 'text', name: 'run_group_id' },
  policy_version_id: { kind: 'text', name: 'policy_version_id' },
  status: { kind: 'text', name: 'status' },
  result: { kind: 'text', name: 'result' },
  input: { kind: 'json', name: 'input_data', path: [] },
  input_data: { kind: 'json', name: 'input_data', path: [] },
  metadata: { kind: 'json', name: 'run_metadata', path: [] },
  run_metadata: { kind: 'json', name: 'run_metadata', path: [] },
  created_at: { kind: 'time', name: 'created_at' },
  started_at: { kind: 'time', name: 'started_at' },
  last_updated_at: { kind: 'time', name: 'last_updated_at' },
  duration: { kind: 'duration', name: 'duration' },
  revision: { kind: 'number', name: 'revision' },
} as const satisfies Readonly<Record<string, Field>>

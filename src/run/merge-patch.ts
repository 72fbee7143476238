/** JSON Merge Patch, RFC 7396, for objects: the folding of `run_metadata`. */
import { isJsonObject, type Json, type JsonObject } from './json.ts'

/**
 * `target` after `patch` (RFC 7396, section 2): null removes a key, objects merge, anything else replaces whole.
 * Neither argument is changed. A non-object target counts as `{}`.
 */
export const mergePatch = (target: Json, patch: JsonObject): JsonObject => {
  const merged: Record<string, Json> = isJsonObject(target) ? { ...target } : {}
  for (const key of Object.keys(patch)) {
    const value = patch[key] as Json
    if (value === null) delete merged[key]
    else if (isJsonObject(value)) merged[key] = mergePatch(ownValue(merged, key), value)
    else merged[key] = value
  }
  return merged
}

// `constructor` and its like are ordinary keys: only what the object itself holds counts.
const ownValue = (object: Record<string, Json>, key: string): Json =>
  Object.hasOwn(object, key) ? (object[key] as Json) : null

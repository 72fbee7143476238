/** Runs and their events in XES (IEEE 1849-2016), which process mining tools read: a trace a run, an event an Entry. */
import type { RunAnswer } from '../api/answers.ts'
import type { EntryAnswer } from '../api/entries.ts'
import type { Json, JsonObject } from '../run/json.ts'
import { escapedName } from './xes-names.ts'

/** What stands before the traces: the log, its extensions, what every trace and event has, and what identifies an event. */
export const XES_BEGIN = `<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
  <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <extension name="ID" prefix="identity" uri="http://www.xes-standard.org/identity.xesext"/>
  <global scope="trace">
    <string key="concept:name" value=""/>
  </global>
  <global scope="event">
    <string key="concept:name" value=""/>
    <string key="lifecycle:transition" value="complete"/>
    <id key="identity:id" value=""/>
    <string key="type" value=""/>
    <int key="revision" value="0"/>
    <string key="position" value=""/>
    <date key="recorded_at" value="1970-01-01T00:00:00.000Z"/>
  </global>
  <classifier name="Activity" scope="event" keys="concept:name"/>
  <classifier name="ActivityAndTransition" scope="event" keys="concept:name lifecycle:transition"/>
  <classifier name="EventType" scope="event" keys="type"/>
  <string key="concept:name" value="run-ledger"/>
  <string key="lifecycle:model" value="standard"/>
`

export const XES_END = '</log>\n'

/**
 * The opening of a run's trace: its name and, where the run can be read, its fields; of `input_data` and `run_metadata` each
 * top-level value, as `input_data.<key>`, where the key is escaped as `escapedName` does.
 */
export const traceBegin = (run_id: string, run: RunAnswer | null): string => {
  let text = `  <trace>\n${attribute('    ', 'concept:name', run_id)}`
  if (run !== null) {
    for (const key of ['run_group_id', 'policy_version_id', 'status', 'result'] as const)
      text += attribute('    ', key, run[key])
    for (const key of ['created_at', 'started_at', 'last_updated_at'] as const) text += date('    ', key, run[key])
    for (const key of ['input_data', 'run_metadata'] as const) text += members(key, run[key] as JsonObject)
  }
  return text
}

export const TRACE_END = '  </trace>\n'

/** An event. Its activity is the status of the Run after it, null where that cannot be read; what cannot be read is left out. */
export const eventElement = (entry: EntryAnswer, after: RunAnswer | null): string => {
  const status = after?.status ?? null
  return [
    '    <event>\n',
    attribute(INDENT, 'concept:name', status ?? entry.type),
    attribute(INDENT, 'lifecycle:transition', 'complete'),
    attribute(INDENT, 'org:resource', entry.actor),
    date(INDENT, 'time:timestamp', entry.occurred_at),
    element(INDENT, 'id', 'identity:id', entry.event_id),
    attribute(INDENT, 'type', entry.type),
    attribute(INDENT, 'status', status),
    attribute(INDENT, 'result', entry.type === 'RunCompleted' ? (after?.result ?? null) : null),
    attribute(INDENT, 'revision', entry.revision),
    attribute(INDENT, 'position', entry.position),
    date(INDENT, 'recorded_at', entry.recorded_at),
    attribute(INDENT, 'reason', entry.reason),
    attribute(INDENT, 'command_id', entry.command_id),
    attribute(INDENT, 'correlation_id', entry.correlation_id),
    '    </event>\n',
  ].join('')
}

const INDENT = '      '

const members = (field: string, object: JsonObject): string => {
  let text = ''
  for (const [key, value] of Object.entries(object)) text += member(`${field}.${escapedName(key)}`, value)
  return text
}

/** Null, objects and lists are their JSON as text, marked by an attribute `json` inside, since a string may have the same characters. */
const member = (key: string, value: Json): string =>
  value === null || typeof value === 'object'
    ? `    <string key="${key}" value="${escaped(JSON.stringify(value))}"><boolean key="json" value="true"/></string>\n`
    : attribute('    ', key, value)

/** A value as the attribute of its type; nothing for null, objects and lists. */
const attribute = (indent: string, key: string, value: Json): string => {
  switch (typeof value) {
    case 'string':
      return element(indent, 'string', key, value)
    case 'boolean':
      return element(indent, 'boolean', key, String(value))
    case 'number':
      return element(indent, Number.isSafeInteger(value) ? 'int' : 'float', key, String(value))
    default:
      return ''
  }
}

const date = (indent: string, key: string, time: string | null): string =>
  time === null ? '' : element(indent, 'date', key, time)

const element = (indent: string, name: string, key: string, value: string): string =>
  `${indent}<${name} key="${key}" value="${escaped(value)}"/>\n`

const escaped = (text: string): string => (PLAIN.test(text) ? text : text.toWellFormed().replace(SPECIAL, replacement))

const PLAIN = /^[\x20\x21\x23-\x25\x27-\x3b\x3d\x3f-\x7e]*$/

// XML 1.0 (fifth edition), section 2.2: of the controls it holds only TAB, LF and CR, and not U+FFFE and U+FFFF.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const SPECIAL = /[\u0000-\u001f"&<>\ufffe\uffff]/g

const ENTITIES: Readonly<Record<string, string>> = {
  '"': '&quot;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  // As themselves they would be read as spaces (section 3.3.3).
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

/** What XML cannot hold is replaced by U+FFFD. */
const replacement = (character: string): string => ENTITIES[character] ?? '\ufffd'

/** Reads XES strictly: what the schema of IEEE 1849-2016 (annex A) does not allow is an error. */
import { SaxesParser, type SaxesTagPlain } from 'saxes'

/** `json`: a text that holds JSON, read. */
export type XesValue = string | number | boolean | Readonly<{ json: unknown }>
export type XesEvent = Readonly<Record<string, XesValue>>
export type XesTrace = Readonly<{ attributes: XesEvent; events: readonly XesEvent[] }>
export type XesLog = Readonly<{ attributes: XesEvent; extensions: readonly string[]; traces: readonly XesTrace[] }>

/** What may stand inside an element, group by group; those of a later group come after all of an earlier one. */
type Rule = Readonly<{ children: readonly (readonly string[])[]; required: Checks; optional: Checks }>
type Checks = Readonly<Record<string, (value: string) => boolean>>

const NC_NAME = (value: string) => /^[A-Za-z_][A-Za-z0-9._-]*$/.test(value)
const NAME = (value: string) => {
  // What the parser takes for an element it takes for a name.
  const parser = new SaxesParser()
  let isName = !/[\s/>]/.test(value)
  parser.on('error', () => {
    isName = false
  })
  parser.write(`<${value}/>`).close()
  return isName
}
const TOKEN = (value: string) => value === value.trim() && !/[\t\r\n]| {2}/.test(value)
const DECIMAL = (value: string) => /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(value)
const DOUBLE = (value: string) => /^(-?INF|NaN|[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?)$/.test(value)
const DATE_TIME = (value: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.test(value)
const LONG = (value: string) => /^[+-]?\d+$/.test(value) && BigInt(value) >= -(2n ** 63n) && BigInt(value) < 2n ** 63n
const ANY = () => true

const ATTRIBUTES = ['string', 'date', 'int', 'float', 'boolean', 'id']

const attribute = (value: (text: string) => boolean): Rule => ({
  children: [ATTRIBUTES],
  required: { key: NAME, value },
  optional: {},
})

const RULES: Readonly<Record<string, Rule>> = {
  log: {
    children: [['extension'], ['global'], ['classifier'], ATTRIBUTES, ['trace'], ['event']],
    required: { 'xes.version': DECIMAL },
    optional: { 'xes.features': TOKEN },
  },
  extension: { children: [], required: { name: NC_NAME, prefix: NC_NAME, uri: ANY }, optional: {} },
  global: { children: [ATTRIBUTES], required: {}, optional: { scope: NC_NAME } },
  classifier: { children: [], required: { name: NC_NAME, keys: TOKEN }, optional: { scope: NC_NAME } },
  trace: { children: [ATTRIBUTES, ['event']], required: {}, optional: {} },
  event: { children: [ATTRIBUTES], required: {}, optional: {} },
  string: attribute(ANY),
  id: attribute(ANY),
  date: attribute(DATE_TIME),
  int: attribute(LONG),
  float: attribute(DOUBLE),
  boolean: attribute((value) => /^(true|false|0|1)$/.test(value)),
}

type Open = {
  name: string
  key: string | undefined
  group: number
  attributes: Record<string, XesValue>
  scope: string | undefined
}

export const readXes = (text: string): XesLog => {
  const parser = new SaxesParser()
  const open: Open[] = []
  const extensions: string[] = []
  const globals: Record<string, readonly string[]> = {}
  const traces: { attributes: XesEvent; events: XesEvent[] }[] = []
  let log: XesEvent = {}

  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', (tag) => {
    checkTag(tag)
    checkPlace(tag.name, open.at(-1))
    const { key, value, scope, prefix } = tag.attributes
    if (tag.name === 'extension') extensions.push(String(prefix))
    const parent = open.at(-1)
    if (parent !== undefined && key !== undefined) {
      if (key in parent.attributes) throw new Error(`the key ${key} stands twice`)
      parent.attributes[key] = typedValue(tag.name, String(value))
    }
    if (tag.name === 'trace') traces.push({ attributes: {}, events: [] })
    open.push({ name: tag.name, key, group: 0, attributes: {}, scope })
  })
  parser.on('closetag', () => {
    const { name, key, attributes, scope } = open.pop() as Open
    for (const each of Object.keys(attributes)) checkPrefix(each, extensions)
    const inside = open.at(-1)
    if (key !== undefined && inside !== undefined && attributes['json'] === true)
      inside.attributes[key] = { json: JSON.parse(String(inside.attributes[key])) }
    const trace = traces.at(-1)
    if (name === 'global') globals[String(scope)] = Object.keys(attributes)
    if (name === 'trace' || name === 'event') checkGlobals(name, attributes, globals[name] ?? [])
    if (name === 'event') trace?.events.push(attributes)
    if (name === 'trace' && trace !== undefined) trace.attributes = attributes
    if (name === 'log') log = attributes
  })
  parser.on('text', (found) => {
    if (found.trim() !== '') throw new Error(`text where none may stand: ${found}`)
  })
  parser.write(text).close()
  return { attributes: log, extensions, traces }
}

const checkTag = ({ name, attributes }: SaxesTagPlain): void => {
  const rule = RULES[name]
  if (rule === undefined) throw new Error(`<${name}> is no element of XES`)
  for (const required of Object.keys(rule.required))
    if (attributes[required] === undefined) throw new Error(`<${name}> lacks ${required}`)
  for (const [attributeName, value] of Object.entries(attributes)) {
    const check = rule.required[attributeName] ?? rule.optional[attributeName]
    if (check?.(value) !== true) throw new Error(`<${name}> has ${attributeName}="${value}"`)
  }
}

const checkPlace = (name: string, parent: Open | undefined): void => {
  if (parent === undefined) {
    if (name !== 'log') throw new Error(`the document is a <${name}>`)
    return
  }
  const group = (RULES[parent.name] as Rule).children.findIndex((names) => names.includes(name))
  if (group < parent.group) throw new Error(`<${name}> may not stand here in <${parent.name}>`)
  parent.group = group
}

/** A prefix is an extension's (clause 4.5). */
const checkPrefix = (key: string, extensions: readonly string[]): void => {
  const prefix = /^([^:]+):/.exec(key)?.[1]
  if (prefix !== undefined && !extensions.includes(prefix)) throw new Error(`no extension has the prefix of ${key}`)
}

/** What is declared global is in every element of its scope (clause 4.3). */
const checkGlobals = (name: string, attributes: XesEvent, globals: readonly string[]): void => {
  const missing = globals.find((key) => !(key in attributes))
  if (missing !== undefined) throw new Error(`a ${name} lacks the global ${missing}`)
}

const typedValue = (type: string, value: string): XesValue => {
  if (type === 'int' || type === 'float') return Number(value)
  return type === 'boolean' ? value === 'true' : value
}

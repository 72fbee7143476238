/** Orders to a stand-in in a process of its own, one a line of its standard input, each answered by a line. */
import type { Fault } from './faults.ts'
import type { Role } from './node.ts'
import type { StandIn } from './stand-in.ts'

export type Order =
  | Readonly<{ do: 'fault'; fault: Fault }>
  | Readonly<{ do: 'role'; role: Role }>
  | Readonly<{ do: 'clear' | 'cut' | 'freeze' | 'thaw' | 'stop' | 'start' | 'system_event' }>

/** Does what `line` says, JSON or the bare name of an order without details, and answers `ok` or what is wrong with it. */
export const obey = async (standIn: StandIn, line: string): Promise<string> => {
  try {
    const order = (line.startsWith('{') ? JSON.parse(line) : { do: line }) as Order
    const deed = orders[order.do]
    if (deed === undefined) return `unknown order: ${Object.keys(orders).join(', ')} are known`
    await deed(standIn, order)
    return 'ok'
  } catch (error) {
    return String(error)
  }
}

const orders: Readonly<Record<Order['do'], (standIn: StandIn, order: Order) => void | Promise<void>>> = {
  fault: ({ faults }, order) => {
    if (order.do === 'fault') faults.add(order.fault)
  },
  role: ({ setRole }, order) => {
    if (order.do === 'role') setRole(order.role)
  },
  clear: ({ faults }) => faults.clear(),
  cut: ({ cut }) => cut(),
  freeze: ({ freeze }) => freeze(),
  thaw: ({ thaw }) => thaw(),
  stop: ({ stop }) => stop(),
  start: ({ start }) => start(),
  system_event: ({ appendSystemEvent }) => appendSystemEvent(),
}

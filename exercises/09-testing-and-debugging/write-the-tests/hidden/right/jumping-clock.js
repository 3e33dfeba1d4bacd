// A right cache on a machine whose clock moves on by an hour whenever somebody looks at it.

export { createCache } from './as-given.js'

const machineNow = Date.now
const uptime = performance.now.bind(performance)
let hours = 0

const jump = () => ++hours * 3_600_000

Date.now = () => machineNow() + jump()

performance.now = () => uptime() + jump()

globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length > 0 ? args : [Date.now()], newTarget),
  apply: () => new Date().toString(),
})

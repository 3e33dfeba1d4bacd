import { createServer, connect, type AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { type App, type Fixtures, sleep } from 'learn-backend/kit'
import type { AlertName } from './rules.ts'

type Prometheus = Fixtures['prometheus']
type Server = Awaited<ReturnType<Prometheus['start']>>

/** One for each test that uses it: what one test has measured is no business of the next. */
const SLOTS = 5

/**
 * A target of the live Prometheus: a port that leads to an instance of the solution once the test has one. Until then, and
 * afterwards, it answers scrapes with no metrics, so that nothing is down.
 */
interface Slot {
  port: number
  leadTo(app: App | undefined): void
  close(): void
}

interface Live {
  server: Server
  free: Slot[]
}

let live: Promise<Live> | undefined
const opened: Slot[] = []

/**
 * Starts Prometheus, unless that is done. It scrapes a new target only after five seconds, whatever its configuration says:
 * so all tests share one, and it is started before it is needed.
 */
export function startLive(prometheus: Prometheus): Promise<Live> {
  live ??= open(prometheus)
  // Whoever needs it tries again, and gets to see the reason.
  live.catch(() => (live = undefined))
  return live
}

export function closeSlots(): void {
  for (const slot of opened.splice(0)) slot.close()
}

async function open(prometheus: Prometheus): Promise<Live> {
  const free = await Promise.all(Array.from({ length: SLOTS }, openSlot))
  opened.push(...free)
  const targets = free.map(({ port }) => port)
  const server = await prometheus.start({ targets, rules: ['alerts.yml'], job: 'shop', lasting: true })
  return { server, free }
}

function openSlot(): Promise<Slot> {
  let to: App | undefined
  const proxy = createServer((socket) => {
    socket.on('error', () => {})
    if (to === undefined) {
      const head = [
        'HTTP/1.1 200 OK',
        'content-type: text/plain; version=0.0.4',
        'content-length: 0',
        'connection: close',
      ]
      socket.once('data', () => socket.end(`${head.join('\r\n')}\r\n\r\n`))
      return
    }
    const onward = connect(to.port, to.host)
    onward.on('error', () => socket.destroy())
    onward.on('close', () => socket.destroy())
    socket.on('close', () => onward.destroy())
    socket.pipe(onward).pipe(socket)
  })
  proxy.unref()
  return new Promise((resolve) => {
    proxy.listen(0, '127.0.0.1', () => {
      const { port } = proxy.address() as AddressInfo
      resolve({ port, leadTo: (app) => (to = app), close: () => proxy.close() })
    })
  })
}

/** An instance of the solution that a live Prometheus scrapes. */
export interface Watched extends Disposable {
  /** Selects the series of this instance, in braces. */
  instance: string
  /** What it scrapes has been scraped, as it is now. */
  scraped(): Promise<void>
  /** The value of an expression with one result. */
  value(promql: string): Promise<number | undefined>
  query: Server['query']
  /** Waits for an alert, pending or firing, with these labels. */
  alert(name: AlertName, labels: Record<string, string | RegExp>, why: string): Promise<Alert>
  alerts: Server['alerts']
  rules: Server['rules']
}

type Alert = Awaited<ReturnType<Server['alerts']>>[number]

export async function watch(prometheus: Prometheus, app: App): Promise<Watched> {
  const { server, free } = await startLive(prometheus)
  const slot = free.shift()
  if (!slot) throw new Error('more tests than slots')
  slot.leadTo(app)
  const isMine = (url = '') => new RegExp(`:${slot.port}(/|$)`).test(url)
  const target = async () => (await server.targets()).find(({ url }) => isMine(url))
  const scraped = async () => {
    const end = performance.now() + 5000
    for (;;) {
      await server.scraped()
      await sleep(40) // Prometheus says so a moment before one can ask for the samples.
      // On a busy machine a scrape may take too long for Prometheus. That is nobody's fault: the next one will do.
      const { lastError = '' } = (await target()) ?? {}
      if (!/deadline|timeout/i.test(lastError) || performance.now() > end) return
    }
  }
  await scraped()
  expect(await target(), 'the target, as Prometheus sees it').toMatchObject({ health: 'up', lastError: '' })
  return {
    instance: `instance=~".*:${slot.port}"`,
    scraped,
    query: (promql) => server.query(promql),
    value: async (promql) => (await server.query(promql))[0]?.value,
    async alert(name, labels, why) {
      const matches = (alert: Alert) =>
        alert.name === name &&
        Object.entries(labels).every(([label, value]) =>
          typeof value === 'string' ? alert.labels[label] === value : value.test(alert.labels[label] ?? ''),
        )
      const end = performance.now() + 4000
      for (;;) {
        const alerts = await server.alerts()
        const found = alerts.find(matches)
        if (found) return found
        if (performance.now() > end) {
          const seen = alerts.map((alert) => JSON.stringify(alert.labels)).join(' ') || 'none'
          expect(found, `${why}: ${name} should be pending, since its "for" has begun. Alerts: ${seen}`).toBeDefined()
        }
        await sleep(50)
      }
    },
    alerts: () => server.alerts(),
    rules: () => server.rules(),
    [Symbol.dispose]: () => slot.leadTo(undefined),
  }
}

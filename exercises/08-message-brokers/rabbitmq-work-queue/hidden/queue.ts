import { expect } from 'vitest'
import {
  type Answer,
  type App,
  note,
  type Random,
  type SeenRequest,
  sleep,
  type StartOptions,
  type Upstream,
} from 'learn-backend/kit'

/** What these tests use of a broker's channel. */
export interface Channel {
  on(event: 'error', listener: (error: Error) => void): unknown
  assertQueue(name: string, options: { durable: boolean; arguments?: unknown }): Promise<unknown>
  deleteQueue(name: string): Promise<unknown>
  get(queue: string, options: { noAck: boolean }): Promise<Message | false>
  nackAll(requeue: boolean): void
  sendToQueue(queue: string, body: Buffer, options: { persistent: boolean; contentType: string }): boolean
  waitForConfirms(): Promise<void>
}

export interface Message {
  content: Buffer
  properties: { deliveryMode?: number | undefined }
}

export interface Broker {
  confirmChannel(): Promise<Channel>
  queue(name: string): Promise<{ messages: number; consumers: number } | undefined>
}

export interface Job {
  id: string
  task: string
  data: Record<string, unknown>
}

/** What WORK_URL is asked. */
export interface Attempt extends Job {
  attempt: number
}

/** A duration that no test reaches, however slow the machine. */
const FOREVER = 60_000

interface Settings {
  queue: string
  role?: 'api' | 'worker' | 'both'
  workUrl?: string
  link?: { env: Record<string, string> }
  prefetch?: number
  maxAttempts?: number | 'default'
  retryMs?: number
  workTimeoutMs?: number
  confirmTimeoutMs?: number
}

/** The environment of an instance. Every wait that a test does not name is out of reach. */
export function environment(settings: Settings): Record<string, string> {
  const { queue, role = 'worker', workUrl, prefetch, maxAttempts = 2 } = settings
  return {
    QUEUE: queue,
    ROLE: role,
    ...(workUrl === undefined ? {} : { WORK_URL: workUrl }),
    ...(prefetch === undefined ? {} : { PREFETCH: String(prefetch) }),
    ...(maxAttempts === 'default' ? {} : { MAX_ATTEMPTS: String(maxAttempts) }),
    RETRY_MS: String(settings.retryMs ?? FOREVER),
    WORK_TIMEOUT_MS: String(settings.workTimeoutMs ?? FOREVER),
    CONFIRM_TIMEOUT_MS: String(settings.confirmTimeoutMs ?? 10_000),
    RECONNECT_MS: '50',
    ...settings.link?.env,
  }
}

/** An instance of the solution that can do its part. */
export async function service(start: (options?: StartOptions) => Promise<App>, settings: Settings): Promise<App> {
  const app = await start({ env: environment(settings) })
  await ready(app)
  return app
}

export async function ready(app: App, why = 'the broker is there'): Promise<void> {
  await expectReady(app, 200, `${why}: GET /ready answers 200 as soon as the service is connected and consumes`)
}

export async function notReady(app: App, why: string): Promise<void> {
  await expectReady(app, 503, `${why}: GET /ready answers 503`)
}

async function expectReady(app: App, status: number, why: string): Promise<void> {
  const end = performance.now() + 8000
  let answer: Answer
  do {
    answer = await app.get('/ready')
    if (answer.status === status) return
    await sleep(10)
  } while (performance.now() < end)
  expect(answer, why).toHaveStatus(status)
}

/** A name that nobody has used on this broker. */
export function newQueue(): string {
  return `jobs-${crypto.randomUUID().slice(0, 13)}`
}

export function newJob(random: Random, task = random.word()): Job {
  return { id: random.uuid(), task, data: { [random.word()]: random.unicode(), amount: random.int(1, 9999) } }
}

export function newJobs(random: Random, n: number): Job[] {
  return Array.from({ length: n }, (_, i) => newJob(random, `${random.word()}-${i + 1}`))
}

/** Puts jobs into the queue as another program would. */
export async function put(broker: Broker, queue: string, jobs: (Job | Buffer)[]): Promise<void> {
  const channel = await broker.confirmChannel()
  for (const job of jobs) {
    const body = Buffer.isBuffer(job) ? job : Buffer.from(JSON.stringify(job))
    channel.sendToQueue(queue, body, { persistent: true, contentType: 'application/json' })
  }
  await channel.waitForConfirms()
}

/** Takes everything out of a queue, once `n` messages are there or the deadline has come. */
export async function take(broker: Broker, queue: string, n: number, deadline = 4000): Promise<Message[]> {
  const channel = await broker.confirmChannel()
  const messages: Message[] = []
  const end = performance.now() + deadline
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message) messages.push(message)
    else if (messages.length >= n || performance.now() > end) return messages
    else await sleep(15)
  }
}

/** Looks at the messages of a queue, which stay there. */
export async function look(broker: Broker, queue: string): Promise<Message[]> {
  const channel = await broker.confirmChannel()
  const messages: Message[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: false })
    if (!message) break
    messages.push(message)
  }
  channel.nackAll(true)
  // An answer to anything means that the messages are back.
  await channel.get(`${queue}.dead`, { noAck: false })
  return messages
}

/** The messages of a queue as the jobs that they should be. */
export function jobsIn(messages: Message[], queue: string): Job[] {
  return messages.map(({ content }) => {
    const job = parse(content.toString('utf8'))
    expect(isObject(job), `the body of each message in ${queue} is a JSON object, this one is ${show(content)}`).toBe(
      true,
    )
    const { id, task, data } = job as Job
    return { id, task, data }
  })
}

/** Waits until a queue looks like this, or fails the test. */
export async function expectQueue(
  broker: Broker,
  queue: string,
  expected: { messages?: number; consumers?: number },
  why: string,
  deadline = 4000,
): Promise<void> {
  const end = performance.now() + deadline
  for (;;) {
    const found = await broker.queue(queue)
    const seen = found && Object.fromEntries(Object.keys(expected).map((key) => [key, found[key as 'messages']]))
    const right = Object.entries(expected).every(([key, value]) => seen?.[key] === value)
    if (right) return
    if (performance.now() > end)
      return expect(seen ?? 'no such queue', `${why} (the queue ${queue}; messages: those that are ready)`).toEqual(
        expected,
      )
    await sleep(20)
  }
}

/** Ends when the condition holds, or at the deadline: what came of it is for the test to look at. */
export async function waitFor(condition: () => boolean, deadline = 4000): Promise<void> {
  const end = performance.now() + deadline
  while (!condition() && performance.now() < end) await sleep(5)
}

/** What WORK_URL was asked so far. */
export function attempts(upstream: Upstream): Attempt[] {
  return upstream.requests.map(attemptOf)
}

export function attemptOf(request: SeenRequest): Attempt {
  const body = parse(request.text)
  return (isObject(body) ? body : { id: '', task: request.text, data: {}, attempt: Number.NaN }) as unknown as Attempt
}

/** What WORK_URL was asked so far, in order, as one line. */
export function story(upstream: Upstream): string {
  const asked = attempts(upstream).map(({ task, attempt }) => `${task} attempt ${attempt}`)
  return asked.join(', ') || 'nothing'
}

/** The names of jobs as one line, in an order of their own. */
export function names(jobs: { task: string }[]): string {
  const tasks = jobs.map(({ task }) => task).toSorted()
  return tasks.join(', ') || 'nothing'
}

/** Delivery mode 2 is persistent, any other (and none) is not. */
export function durability({ properties }: Message): string {
  return properties.deliveryMode === 2 ? 'persistent' : 'not persistent'
}

/** Waits until WORK_URL has been asked so often. A request more than that is seen as well. */
export async function reachesWork(upstream: Upstream, requests: number, why: string, deadline = 5000): Promise<void> {
  await waitFor(() => upstream.count >= requests, deadline)
  if (upstream.count !== requests) note(`WORK_URL was asked for: ${story(upstream)}`)
  expect(upstream.count, `${why} (requests to WORK_URL)`).toBe(requests)
}

/** The AMQP methods that a client has sent, in order within each connection. */
export function methodsSent(link: { connections: readonly { sent: Buffer }[] }): string[] {
  const names: Record<string, string> = { '60.40': 'publish', '60.80': 'ack', '90.20': 'commit' }
  const methods: string[] = []
  for (const { sent } of link.connections) {
    // The protocol header takes 8 bytes. A frame: type, channel (2), size (4), payload, end; type 1 is a method.
    for (let at = 8; at + 11 <= sent.length; at += 8 + sent.readUInt32BE(at + 3)) {
      const id = `${sent.readUInt16BE(at + 7)}.${sent.readUInt16BE(at + 9)}`
      if (sent[at] === 1) methods.push(names[id] ?? id)
    }
  }
  return methods
}

/** Waits for the end of a process that was told to end. */
export async function exits(app: App, why: string, deadline = 4000): Promise<void> {
  const exit = await Promise.race([app.exited, sleep(deadline)])
  expect(exit ? 'ended' : `still running after ${deadline} ms`, why).toBe('ended')
  if (exit) expect({ code: exit.code, signal: exit.signal }, why).toEqual({ code: 0, signal: null })
}

/** A promise that the test settles. */
export function gate(): { opened: Promise<void>; open(): void } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** A promise that is left running. When the test ends early, nobody misses its rejection. */
export function inBackground<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

export function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function show(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('utf8').slice(0, 200))
}

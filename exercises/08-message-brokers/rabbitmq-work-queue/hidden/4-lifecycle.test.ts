import { expect } from 'vitest'
import { type App, sleep, step, test } from 'learn-backend/kit'
import {
  attempts,
  environment,
  exits,
  expectQueue,
  gate,
  inBackground,
  jobsIn,
  newJob,
  newQueue,
  notReady,
  put,
  reachesWork,
  ready,
  service,
  story,
  take,
  waitFor,
} from './queue.ts'

step('shutdown', () => {
  test('SIGTERM: the job in hand is finished, no other is begun', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    const worker = await service(start, { queue, workUrl: upstream.url, prefetch: 1 })
    const work = gate()
    upstream.respond(() => work.opened.then(() => ({ json: {} })))
    await put(rabbitmq, queue, [newJob(random, 'first'), newJob(random, 'second'), newJob(random, 'third')])
    await reachesWork(upstream, 1, 'three jobs are in the queue, PREFETCH is 1')
    worker.signal('SIGTERM')
    await noticed(rabbitmq, queue)
    await sleep(100)
    expectRunning(worker, 'SIGTERM came while a job was in hand: finish it before you exit')
    work.open()
    await exits(worker, 'SIGTERM: the job in hand is done, so the worker exits with code 0')
    expect(upstream.requests[0]?.aborted, 'the attempt under way was broken off').toBe(false)
    expect(story(upstream), 'after SIGTERM no job is begun').toBe('first attempt 1')
    await expectQueue(
      rabbitmq,
      queue,
      { messages: 2 },
      'the first job is done, the two others stay for other workers. (Was the acknowledgement with the broker, or still in a buffer, when the connection was closed?)',
    )
  })

  test('SIGTERM: a job that fails in the end still waits for its next attempt', async ({
    start,
    rabbitmq,
    upstream,
    newUpstream,
    random,
  }) => {
    const queue = newQueue()
    const settings = { queue, prefetch: 1, retryMs: 100 }
    const worker = await service(start, { ...settings, workUrl: upstream.url })
    const work = gate()
    upstream.respond(() => work.opened.then(() => ({ status: 500, json: {} })))
    await put(rabbitmq, queue, [newJob(random, 'fails')])
    await reachesWork(upstream, 1, 'a job is in the queue')
    worker.signal('SIGTERM')
    await noticed(rabbitmq, queue)
    work.open()
    await exits(worker, 'SIGTERM: the attempt under way has ended, so the worker exits with code 0')
    const other = await newUpstream()
    await service(start, { ...settings, workUrl: other.url })
    await waitFor(() => other.count >= 1)
    const why =
      'the attempt under way at SIGTERM failed, and another worker makes the next. All that follows from an attempt comes before the exit'
    expect(story(other), why).toBe('fails attempt 2')
  })

  test('SIGTERM: requests under way get their answers', async ({ start, rabbitmq, random }) => {
    const link = await rabbitmq.newLink()
    const queue = newQueue()
    const app = await service(start, { queue, role: 'api', link })
    link.delay(120)
    const { task, data } = newJob(random, `print-${random.hex(12)}`)
    const answer = inBackground(app.post('/jobs', { json: { task, data }, deadline: 6000 }))
    await waitFor(() => link.connections.some(({ sent }) => sent.includes(task)))
    app.signal('SIGTERM')
    const why = 'the job was on its way to the broker, 120 ms away, when SIGTERM came'
    expect(await answer, why).toHaveStatus(202)
    await exits(app, 'SIGTERM: the last request is answered, so the service exits with code 0', 6000)
    const found = jobsIn(await take(rabbitmq, queue, 1), queue)
    expect(found.map((job) => job.task)).toEqual([task])
  })
})

step('reconnect', () => {
  test('the service starts before the broker does', async ({ start, rabbitmq, upstream, random }) => {
    const link = await rabbitmq.newLink()
    link.cut()
    const queue = newQueue()
    const app = await start({ env: environment({ queue, role: 'both', workUrl: upstream.url, link }) })
    expect(await app.get('/health'), 'the broker is not there yet').toHaveStatus(200)
    await notReady(app, 'the broker is not there yet')
    link.restore()
    await ready(app, 'the broker has come, and RECONNECT_MS is 50')
    expect(await app.post('/jobs', { json: { task: random.word(), data: {} } })).toHaveStatus(202)
    await reachesWork(upstream, 1, 'the job was accepted')
  })

  test('jobs are accepted again when the broker is back', async ({ start, rabbitmq, random }) => {
    const link = await rabbitmq.newLink()
    const queue = newQueue()
    const app = await service(start, { queue, role: 'api', link })
    const ids: string[] = []
    for (let i = 0; i < 2; i++) {
      link.cut()
      await notReady(app, 'the connection to the broker is cut')
      expect(await app.post('/jobs', { json: { task: 'lost', data: {} } })).toHaveStatus(503)
      link.restore()
      await ready(app, 'the broker is back, and RECONNECT_MS is 50')
      const answer = await app.post('/jobs', { json: { task: random.word(), data: {} } })
      expect(answer, 'the broker is back').toHaveStatus(202)
      ids.push(answer.json.id)
    }
    const found = jobsIn(await take(rabbitmq, queue, 2), queue)
    for (const id of ids) {
      const why = `the job ${id} was accepted with 202 after the connection had broken and come back, so it is in ${queue}`
      expect(found.map((job) => job.id).join(', '), why).toContain(id)
    }
  })

  test('a worker goes on, and does again what it could not acknowledge', async ({
    start,
    rabbitmq,
    upstream,
    random,
  }) => {
    const link = await rabbitmq.newLink()
    const queue = newQueue()
    const worker = await service(start, { queue, workUrl: upstream.url, prefetch: 1, link })
    const work = gate()
    upstream.respond(() => work.opened.then(() => ({ json: {} })))
    await put(rabbitmq, queue, [newJob(random, 'first')])
    await reachesWork(upstream, 1, 'a job is in the queue')
    link.cut()
    await expectQueue(rabbitmq, queue, { consumers: 0 }, 'the connection is cut')
    work.open()
    await sleep(150)
    expectRunning(
      worker,
      'the connection broke while a job was in hand: it can not be acknowledged any more, but nobody must die of it',
    )
    link.restore()
    await ready(worker, 'the broker is back, and RECONNECT_MS is 50')
    await put(rabbitmq, queue, [newJob(random, 'second')])
    await waitFor(() => attempts(upstream).some(({ task }) => task === 'second'))
    const why =
      'the first job was done, but not acknowledged, when the connection broke, so it comes again. The second comes after it'
    expect(
      attempts(upstream)
        .map(({ task }) => task)
        .at(-1),
      why,
    ).toBe('second')
    await expectQueue(rabbitmq, queue, { messages: 0 }, 'both jobs are done')
  })

  test('after several cuts a worker consumes once', async ({ start, rabbitmq, upstream }) => {
    const link = await rabbitmq.newLink()
    const queue = newQueue()
    const worker = await service(start, { queue, workUrl: upstream.url, prefetch: 1, link })
    for (let i = 0; i < 2; i++) {
      link.cut()
      await notReady(worker, 'the connection to the broker is cut')
      link.restore()
      await ready(worker, 'the broker is back, and RECONNECT_MS is 50')
    }
    await sleep(200)
    const why =
      'the connection was cut twice. If several events start a new one each, there are more of them every time'
    await expectQueue(rabbitmq, queue, { consumers: 1 }, why, 500)
  })

  test('a queue that was deleted is declared and consumed again', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    await service(start, { queue, workUrl: upstream.url })
    const channel = await rabbitmq.confirmChannel()
    await channel.deleteQueue(queue)
    await expectQueue(
      rabbitmq,
      queue,
      { consumers: 1 },
      `somebody deleted ${queue}, and the broker cancelled the consumer`,
    )
    const job = newJob(random)
    await put(rabbitmq, queue, [job])
    await reachesWork(upstream, 1, `a job came after ${queue} had been deleted and declared again`)
    expect(attempts(upstream)[0]).toMatchObject(job)
  })

  test('SIGTERM while the broker is gone: the attempt is finished, and the service exits', async ({
    start,
    rabbitmq,
    upstream,
    random,
  }) => {
    const link = await rabbitmq.newLink()
    const queue = newQueue()
    const worker = await service(start, { queue, workUrl: upstream.url, link })
    const work = gate()
    upstream.respond(() => work.opened.then(() => ({ json: {} })))
    await put(rabbitmq, queue, [newJob(random)])
    await reachesWork(upstream, 1, 'a job is in the queue')
    link.cut()
    await notReady(worker, 'the connection to the broker is cut')
    worker.signal('SIGTERM')
    await sleep(150)
    expectRunning(worker, 'SIGTERM came while an attempt was under way: finish it before you exit')
    work.open()
    await exits(worker, 'the attempt has ended, and there is no broker to wait for: exit with code 0')
    expect(upstream.requests[0]?.aborted, 'the attempt under way was broken off').toBe(false)
  })
})

/** Gives the service the time to notice SIGTERM. Most cancel their consumers then, but they need not. */
async function noticed(broker: { queue(name: string): Promise<{ consumers: number } | undefined> }, queue: string) {
  const end = performance.now() + 500
  while ((await broker.queue(queue))?.consumers !== 0 && performance.now() < end) await sleep(15)
}

function expectRunning(app: App, why: string) {
  expect(app.alive ? 'the process runs' : 'the process has ended', why).toBe('the process runs')
}

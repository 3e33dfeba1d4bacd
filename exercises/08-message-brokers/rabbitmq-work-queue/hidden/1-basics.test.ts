import { expect } from 'vitest'
import { step, test, together, withApp } from 'learn-backend/kit'
import {
  attempts,
  byId,
  durability,
  environment,
  expectQueue,
  jobsIn,
  newJob,
  newJobs,
  newQueue,
  put,
  reachesWork,
  ready,
  service,
  take,
} from './queue.ts'

const error = expect.objectContaining({ error: expect.any(String) })
const accepted = { id: expect.any(String) }
const apiQueue = newQueue()
const testApi = withApp({ env: environment({ queue: apiQueue, role: 'api' }) })

step('health', () => {
  testApi('GET /health answers 200 with a status', async ({ app }) => {
    const answer = await app.get('/health')
    expect(answer).toHaveStatus(200)
    expect(answer).toContainJson({ status: 'ok' })
  })

  test('a worker answers on PORT too', async ({ start }) => {
    const worker = await start({ env: environment({ queue: newQueue() }) })
    const answer = await worker.get('/health')
    expect(answer, 'ROLE is worker').toHaveStatus(200)
    expect(answer, 'ROLE is worker').toContainJson({ status: 'ok' })
  })
})

step('connect', () => {
  testApi('GET /ready answers 200 once the service is connected', async ({ app }) => {
    await ready(app)
  })

  testApi('declares its two queues, durable', async ({ app, rabbitmq }) => {
    await ready(app)
    for (const name of [apiQueue, `${apiQueue}.dead`]) {
      const found = await rabbitmq.queue(name)
      expect(found, `GET /ready answers 200, so the queue ${name} is declared`).toBeDefined()
      const channel = await rabbitmq.confirmChannel()
      channel.on('error', () => {})
      // No queue has just this argument, so the broker refuses and names the first difference.
      const declared = await channel
        .assertQueue(name, { durable: true, arguments: { 'x-expires': 86_399_999 } })
        .then(() => 'nothing', String)
      const different = /inequivalent arg '(durable|auto_delete|exclusive)'/.exec(declared)?.[1]
      const why = `the declaration of ${name}: durable, not exclusive and not auto-delete, else it does not outlive the broker or its users`
      expect(different ? `another value of ${different}` : 'right', why).toBe('right')
    }
  })

  test('a worker is ready when it consumes', async ({ start, rabbitmq }) => {
    const queue = newQueue()
    const worker = await service(start, { queue })
    const found = await rabbitmq.queue(queue)
    expect(
      found?.consumers ?? 0,
      `GET /ready of a worker answers 200 once it consumes ${queue} (consumers)`,
    ).toBeGreaterThan(0)
    expect(worker.alive).toBe(true)
  })
})

step('publish', () => {
  testApi('an accepted job is a persistent message in QUEUE', async ({ app, rabbitmq, random }) => {
    await ready(app)
    const { task, data } = newJob(random)
    const answer = await app.post('/jobs', { json: { task, data, color: random.word() } })
    expect(answer).toHaveStatus(202)
    expect(answer).toContainJson(accepted)
    const messages = await take(rabbitmq, apiQueue, 1)
    expect(messages.length, `a job was accepted, so one message is in the queue ${apiQueue}`).toBe(1)
    expect(jobsIn(messages, apiQueue)).toEqual([{ id: answer.json.id, task, data }])
    const why =
      'a message that is not persistent (delivery mode 2) is lost when the broker restarts, also if its queue is durable'
    expect(messages.map(durability), why).toEqual(['persistent'])
  })

  testApi('jobs that come at once get ids of their own', async ({ app, rabbitmq, random }) => {
    await ready(app)
    const tasks = newJobs(random, 20).map(({ task, data }) => ({ task, data }))
    const answers = await together(tasks.length, (i) => app.post('/jobs', { json: tasks[i] }))
    for (const answer of answers) expect(answer).toHaveStatus(202)
    const found = jobsIn(await take(rabbitmq, apiQueue, tasks.length), apiQueue)
    const right = tasks.map((task, i) => ({ id: answers[i]?.json.id, ...task }))
    expect(new Set(right.map(({ id }) => id)).size, 'each of 20 jobs has another id').toBe(20)
    expect(found.toSorted(byId), 'each message holds the id that its own answer told').toEqual(right.toSorted(byId))
  })

  testApi('what is no job gets 400, and the queue stays empty', async ({ app, rabbitmq, random }) => {
    await ready(app)
    const task = random.word()
    const bodies = ['', '{"task":', 'null', '[]', '42', '{}']
    const wrong = [{ data: {} }, { task: '', data: {} }, { task: 7, data: {} }, { task: [task], data: {} }]
    const wrongData = [undefined, null, [1], 'text', 5].map((data) => ({ task, data }))
    const texts = [...bodies, ...[...wrong, ...wrongData].map((job) => JSON.stringify(job))]
    for (const body of texts) {
      const answer = await app.post('/jobs', { body, headers: { 'content-type': 'application/json' } })
      expect(answer).toAnswer(400, error)
    }
    const good = await app.post('/jobs', { json: { task, data: {} } })
    expect(good, 'after the bad ones').toHaveStatus(202)
    const found = jobsIn(await take(rabbitmq, apiQueue, 1), apiQueue)
    expect(found, `only the last of ${texts.length + 1} requests was a job`).toEqual([
      { id: good.json.id, task, data: {} },
    ])
  })

  testApi('a job of 900 KB is taken as it is', async ({ app, rabbitmq, random }) => {
    await ready(app)
    const line = `${random.unicode()} ${random.hex(40)} `
    const data = { text: line.repeat(Math.floor(900_000 / Buffer.byteLength(line))) }
    const answer = await app.post('/jobs', { json: { task: 'print', data }, deadline: 5000 })
    expect(answer, 'bodies have up to 1 MiB; many frameworks stop at 100 KB unless they are told').toHaveStatus(202)
    const [job] = jobsIn(await take(rabbitmq, apiQueue, 1), apiQueue)
    expect(job?.data.text === data.text, 'the message holds the same text').toBe(true)
  })
})

step('work', () => {
  test('a worker sends each job to WORK_URL', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    const path = `/${random.word()}/work?key=${random.word()}`
    await service(start, { queue, workUrl: `${upstream.url}${path}`, prefetch: 3 })
    const jobs = newJobs(random, 3)
    await put(rabbitmq, queue, jobs)
    await reachesWork(upstream, 3, 'three jobs are in the queue, and each attempt is answered with 200')
    for (const request of upstream.requests) {
      expect(`${request.method} ${request.path}`).toBe(`POST ${path}`)
      expect(request.headers['content-type']).toMatch(/^application\/json/i)
    }
    const asked = attempts(upstream).map(({ id, task, data, attempt }) => ({ id, task, data, attempt }))
    const right = jobs.map((job) => ({ ...job, attempt: 1 }))
    expect(asked.toSorted(byId), 'what WORK_URL was asked').toEqual(right.toSorted(byId))
  })

  test('a job that is done is acknowledged, and the next one comes', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    await service(start, { queue, workUrl: upstream.url, prefetch: 1 })
    upstream.respond(() => ({ status: random.pick([200, 201, 202, 204]) }))
    await put(rabbitmq, queue, newJobs(random, 6))
    const why = 'six jobs, and PREFETCH is 1: the broker keeps the next job back until the one before is acknowledged'
    await reachesWork(upstream, 6, why)
    await expectQueue(rabbitmq, queue, { messages: 0 }, 'all six jobs are done')
  })

  test('with the role both one process accepts jobs and works on them', async ({ start, upstream, random }) => {
    const app = await service(start, { queue: newQueue(), role: 'both', workUrl: upstream.url })
    const { task, data } = newJob(random)
    const answer = await app.post('/jobs', { json: { task, data } })
    expect(answer).toHaveStatus(202)
    await reachesWork(upstream, 1, 'the job was accepted with 202, and nobody else takes it')
    expect(attempts(upstream)[0]).toMatchObject({ id: answer.json.id, task, data, attempt: 1 })
  })
})

import { expect } from 'vitest'
import { note, sleep, step, test, together, withApp } from 'learn-backend/kit'
import {
  attemptOf,
  attempts,
  environment,
  expectQueue,
  inBackground,
  jobsIn,
  names,
  newJob,
  newJobs,
  newQueue,
  put,
  reachesWork,
  ready,
  service,
  story,
  take,
  waitFor,
} from './queue.ts'

const error = expect.objectContaining({ error: expect.any(String) })

const apiQueue = newQueue()
const testApi = withApp({ env: environment({ queue: apiQueue, role: 'api' }) })

step('confirm', () => {
  testApi('202 waits until the broker has confirmed', async ({ app, rabbitmq, random }) => {
    await ready(app)
    rabbitmq.link.delay(150)
    const { task, data } = newJob(random)
    const answer = await app.post('/jobs', { json: { task, data }, deadline: 6000 })
    expect(answer).toHaveStatus(202)
    const why =
      'the broker is 150 ms away, in each direction, so its confirm takes 300 ms: a 202 before that promises what nobody knows'
    expect(answer, why).toTakeAtLeast(270)
    const found = jobsIn(await take(rabbitmq, apiQueue, 1), apiQueue)
    expect(found).toEqual([{ id: answer.json.id, task, data }])
  })

  testApi('many jobs wait for their confirms at the same time', async ({ app, rabbitmq, random }) => {
    await ready(app)
    rabbitmq.link.delay(60)
    const [first, ...others] = newJobs(random, 11).map(({ task, data }) => ({ task, data }))
    const alone = await app.post('/jobs', { json: first, deadline: 6000 })
    expect(alone).toHaveStatus(202)
    const began = performance.now()
    const answers = await together(others.length, (i) => app.post('/jobs', { json: others[i], deadline: 12_000 }))
    for (const answer of answers) expect(answer).toHaveStatus(202)
    const why = `one job alone took ${Math.round(alone.ms)} ms, because its confirm takes 120. Ten at once need not take much longer: while one waits for its confirm, send the others (milliseconds for all ten)`
    expect(performance.now() - began, why).toBeLessThan(Math.max(alone.ms, 120) * 6)
  })

  test('503 when the broker is gone, and the service stays alive', async ({ start, rabbitmq, random }) => {
    const link = await rabbitmq.newLink()
    const app = await service(start, { queue: newQueue(), role: 'api', link })
    link.cut()
    note('the connection to the broker is cut, and refused from now on')
    const { task, data } = newJob(random)
    for (let i = 0; i < 3; i++) {
      const answer = await app.post('/jobs', { json: { task, data }, deadline: 12_000 })
      expect(answer, 'the connection to the broker is cut, and refused from now on').toAnswer(503, error)
    }
    expect(await app.get('/health'), 'the broker is gone, the process lives').toHaveStatus(200)
  })

  test('503 for every job whose confirm has not come when the connection breaks', async ({
    start,
    rabbitmq,
    random,
  }) => {
    const link = await rabbitmq.newLink()
    const app = await service(start, { queue: newQueue(), role: 'api', link })
    link.delay(1500)
    const jobs = newJobs(random, 8)
    const answers = jobs.map(({ task, data }) =>
      inBackground(app.post('/jobs', { json: { task, data }, deadline: 12_000 })),
    )
    const sent = () => jobs.filter(({ task }) => link.connections.some((one) => one.sent.includes(task)))
    await waitFor(() => sent().length === jobs.length, 500)
    link.cut()
    note('the connection to the broker was cut while the requests waited for their confirms')
    const why =
      'the connection broke before the confirm came. Nobody knows whether the job is in the queue, so it is no 202'
    for (const answer of answers) expect(await answer, why).toAnswer(503, error)
  })

  test('503 when the broker does not confirm within CONFIRM_TIMEOUT_MS', async ({ start, rabbitmq, random }) => {
    const link = await rabbitmq.newLink()
    const app = await service(start, { queue: newQueue(), role: 'api', link, confirmTimeoutMs: 200 })
    link.blackhole()
    const { task, data } = newJob(random)
    const why = 'the connection stands, but the broker says nothing more; CONFIRM_TIMEOUT_MS is 200'
    note(why)
    const answer = await app.post('/jobs', { json: { task, data }, deadline: 5000 })
    expect(answer, why).toAnswer(503, error)
    expect(answer, why).toTakeAtMost(3000)
  })

  test('never 202 for a message that went nowhere', async ({ start, rabbitmq, random }) => {
    const queue = newQueue()
    const app = await service(start, { queue, role: 'api' })
    const channel = await rabbitmq.confirmChannel()
    await channel.deleteQueue(queue)
    const { task, data } = newJob(random)
    const end = performance.now() + 5000
    let answer = await app.post('/jobs', { json: { task, data } })
    while (answer.status === 503 && performance.now() < end) {
      await sleep(50)
      answer = await app.post('/jobs', { json: { task, data } })
    }
    const why = `somebody deleted ${queue}: declare it again, so that jobs are accepted again (RECONNECT_MS is 50)`
    expect(answer, why).toHaveStatus(202)
    const found = (await rabbitmq.queue(queue)) ? jobsIn(await take(rabbitmq, queue, 1, 1000), queue) : []
    const lost = `the answer was 202, but the job is not in ${queue}, which somebody had deleted. A confirm alone does not say that a queue took the message (mandatory does)`
    expect(
      found.map(({ id }) => id),
      lost,
    ).toContain(answer.json.id)
  })
})

step('crash', () => {
  test('kill -9 of a worker loses none of the jobs in its hands', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    const worker = await service(start, { queue, workUrl: upstream.url, prefetch: 3 })
    upstream.respond({ fault: 'hang' })
    const jobs = newJobs(random, 5)
    await put(rabbitmq, queue, jobs)
    await waitFor(() => upstream.count >= 3, 2000)
    await sleep(100)
    note(`when the worker was killed, WORK_URL had been asked for: ${story(upstream)}, and had answered nothing`)
    await worker.kill()
    upstream.reset()
    await service(start, { queue, workUrl: upstream.url, prefetch: 3 })
    await waitFor(() => upstream.count >= 5)
    const why =
      'a worker died, and none of five jobs was done. Another worker does all five: acknowledge after the work, not before'
    expect(names(attempts(upstream)), why).toBe(names(jobs))
  })

  test('jobs that were done before a crash stay done, and no others', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    const worker = await service(start, { queue, workUrl: upstream.url, prefetch: 2 })
    const [long, last] = [newJob(random, 'long'), newJob(random, 'last')]
    const quick = newJobs(random, 3)
    const done = new Set<string>()
    upstream.respond((request) => {
      const { id, task } = attemptOf(request)
      if (task === 'long' || task === 'last') return { fault: 'hang' }
      done.add(id)
      return { json: {} }
    })
    await put(rabbitmq, queue, [long, ...quick, last])
    await waitFor(() => attempts(upstream).some(({ task }) => task === 'last'), 2000)
    await sleep(100)
    await worker.kill()
    const open = [long, ...quick, last].filter(({ id }) => !done.has(id))
    const why = `five jobs: "long" and "last" were under way when the worker died, ${done.size} others were done before. What was not done comes again, and nothing else. (An acknowledgement can be for one message or for all before it.)`
    await expectQueue(rabbitmq, queue, { messages: open.length, consumers: 0 }, why)
    upstream.reset()
    await service(start, { queue, workUrl: upstream.url, prefetch: 2 })
    await waitFor(() => upstream.count >= open.length)
    expect(names(attempts(upstream)), why).toBe(names(open))
  })
})

step('fair', () => {
  test('works on PREFETCH jobs and leaves the rest in QUEUE', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    const prefetch = random.int(2, 4)
    upstream.respond({ fault: 'hang' })
    await service(start, { queue, workUrl: upstream.url, prefetch })
    await put(rabbitmq, queue, newJobs(random, 8))
    const why = `eight jobs are in the queue, the work takes long, and PREFETCH is ${prefetch}`
    await reachesWork(upstream, prefetch, `${why}: so many are worked on at the same time`)
    await expectQueue(rabbitmq, queue, { messages: 8 - prefetch }, `${why}: the rest is ready for other workers`, 1500)
    await sleep(100)
    expect(upstream.count, `${why} (requests to WORK_URL)`).toBe(prefetch)
  })

  test('a stuck worker keeps nothing from a quick one', async ({ start, rabbitmq, upstream, newUpstream, random }) => {
    const queue = newQueue()
    const stuck = await newUpstream()
    stuck.respond({ fault: 'hang' })
    await Promise.all([service(start, { queue, workUrl: stuck.url }), service(start, { queue, workUrl: upstream.url })])
    await put(rabbitmq, queue, newJobs(random, 12))
    const why =
      'two workers with the default PREFETCH of 1 share 12 jobs. One got a job that takes forever, the other does the rest'
    await waitFor(() => upstream.count >= 11)
    expect({ quick: upstream.count, stuck: stuck.count }, why).toEqual({ quick: 11, stuck: 1 })
  })
})

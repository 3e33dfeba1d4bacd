import { expect } from 'vitest'
import { note, type Reply, sleep, step, test } from 'learn-backend/kit'
import {
  attemptOf,
  attempts,
  type Broker,
  durability,
  expectQueue,
  gate,
  jobsIn,
  look,
  methodsSent,
  names,
  newJob,
  newJobs,
  newQueue,
  put,
  reachesWork,
  service,
  story,
  take,
  waitFor,
} from './queue.ts'

step('retry', () => {
  test('failed attempts are repeated, after waits that double', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    const retryMs = random.int(50, 60)
    await service(start, { queue, workUrl: upstream.url, retryMs, maxAttempts: 'default' })
    upstream.respond((_, i) => (i < 3 ? { status: random.pick([500, 502, 503]) } : { json: {} }))
    const job = newJob(random)
    await put(rabbitmq, queue, [job])
    const why = `RETRY_MS is ${retryMs}; the first three attempts were answered with 5xx, the fourth with 200`
    await reachesWork(upstream, 4, why)
    const asked = attempts(upstream).map(({ id, task, data, attempt }) => ({ id, task, data, attempt }))
    expect(asked, why).toEqual([1, 2, 3, 4].map((attempt) => ({ ...job, attempt })))
    const waits = upstream.requests.slice(1).map(({ at }, i) => Math.round(at - (upstream.requests[i]?.at ?? 0)))
    note(`milliseconds between the attempts: ${waits.join(', ')}`)
    for (const [i, wait] of waits.entries()) {
      const right = retryMs * 2 ** i
      expect(wait, `RETRY_MS is ${retryMs}, so the wait before attempt ${i + 2} is ${right} ms`).toBeGreaterThan(
        right * 0.9,
      )
      expect(wait, `RETRY_MS is ${retryMs}, so the wait before attempt ${i + 2} is ${right} ms`).toBeLessThan(
        right * 1.25 + 1500,
      )
    }
    await expectQueue(rabbitmq, `${queue}.dead`, { messages: 0 }, 'the last attempt succeeded')
  })

  test('every kind of failure counts', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    const kinds: Record<string, Reply> = {
      'answered 400': { status: 400, json: {} },
      'answered 404': { status: 404, json: {} },
      'answered 429': { status: 429, json: {} },
      'answered 500': { status: 500, json: {} },
      'broke the connection off': { fault: 'reset' },
      'spoke no HTTP': { fault: 'garbage' },
      'never answered': { fault: 'hang' },
    }
    const jobs = random.shuffle(Object.keys(kinds)).map((kind) => newJob(random, kind))
    const seen = new Set<string>()
    upstream.respond((request) => {
      const { task } = attemptOf(request)
      if (seen.has(task)) return { json: {} }
      seen.add(task)
      return kinds[task] ?? { json: {} }
    })
    await service(start, { queue, workUrl: upstream.url, prefetch: 20, workTimeoutMs: 200, retryMs: 50 })
    await put(rabbitmq, queue, jobs)
    await waitFor(() => upstream.count >= jobs.length * 2)
    const second = attempts(upstream).filter(({ attempt }) => attempt === 2)
    const without = jobs.filter(({ id }) => !second.some((one) => one.id === id))
    const why =
      'the first attempt of each job failed in its own way (WORK_TIMEOUT_MS is 200), and each gets a second (those without one)'
    expect(names(without), why).toBe('nothing')
  })

  test('a job is not lost while nobody answers at WORK_URL', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    await service(start, { queue, workUrl: upstream.url, retryMs: 20, maxAttempts: 10 })
    await upstream.down()
    const job = newJob(random)
    await put(rabbitmq, queue, [job])
    await sleep(100)
    await upstream.up()
    await waitFor(() => upstream.count >= 1, 8000)
    const why = 'connections to WORK_URL were refused for 100 ms, RETRY_MS is 20, MAX_ATTEMPTS is 10'
    expect(attempts(upstream)[0], why).toMatchObject(job)
  })

  test('a worker turns to other jobs while one waits', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    await service(start, { queue, workUrl: upstream.url, prefetch: 1, retryMs: 60_000 })
    const jobs = [newJob(random, 'fails'), newJob(random, 'second'), newJob(random, 'third')]
    upstream.respond((request) => (attemptOf(request).task === 'fails' ? { status: 500 } : { json: {} }))
    await put(rabbitmq, queue, jobs)
    await waitFor(() => upstream.count >= 3)
    const why =
      'the first job failed and waits RETRY_MS, 60000. It must not wait in the hands of the worker, whose PREFETCH is 1'
    expect(story(upstream), why).toBe('fails attempt 1, second attempt 1, third attempt 1')
  })

  test('a waiting job outlives its worker', async ({ start, rabbitmq, upstream, newUpstream, random }) => {
    const queue = newQueue()
    const settings = { queue, prefetch: 1, retryMs: 150 }
    const worker = await service(start, { ...settings, workUrl: upstream.url })
    upstream.respond((request) => (attemptOf(request).task === 'fails' ? { status: 500 } : { fault: 'hang' }))
    await put(rabbitmq, queue, [newJob(random, 'fails'), newJob(random, 'long')])
    await waitFor(() => attempts(upstream).some(({ task }) => task === 'long'))
    expect(story(upstream), 'two jobs, PREFETCH is 1, and the first fails').toMatch(/^fails attempt 1, long attempt 1/)
    await worker.kill()
    await seesPersistentMessages(rabbitmq, queue, 2)
    const other = await newUpstream()
    await service(start, { ...settings, workUrl: other.url })
    await waitFor(() => other.count >= 2)
    const why =
      'the first attempt failed, then the worker was killed while the job waited. Another worker makes attempt 2: the wait and the number must not be in the memory of the first'
    expect(story(other), why).toContain('fails attempt 2')
    expect(names(attempts(other)), why).toBe('fails, long')
  })

  test('a job is acknowledged only when it is safe in its next queue', async ({
    start,
    rabbitmq,
    upstream,
    random,
  }) => {
    const link = await rabbitmq.newLink()
    const queue = newQueue()
    await service(start, { queue, workUrl: upstream.url, prefetch: 1, link })
    upstream.respond(() => {
      link.delay(200)
      return { status: 500 }
    })
    await put(rabbitmq, queue, [newJob(random)])
    const published = () => methodsSent(link).includes('publish')
    const acknowledged = () => methodsSent(link).includes('ack')
    await waitFor(() => published() || acknowledged())
    await sleep(120)
    // A broker that moves the job itself (after a reject), or a transaction, leaves no gap.
    const gap = published() && acknowledged() && !methodsSent(link).includes('commit')
    const why =
      'the attempt failed, and the worker published the job to another queue. The broker is 200 ms away in each direction, so it can not have confirmed that, but the worker has acknowledged the job: if the message gets lost now, the job is nowhere'
    expect(gap ? 'acknowledged before the confirm' : 'acknowledged after the confirm', why).toBe(
      'acknowledged after the confirm',
    )
  })

  test('a short wait does not wait for a long one', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    const retryMs = 250
    const early = gate()
    upstream.respond(async (request) => {
      const { task, attempt } = attemptOf(request)
      if (attempt === 3) return { json: {} }
      if (task === 'early') {
        // The late job fails soon after the second attempt of the early one.
        if (attempt === 2) setTimeout(early.open, 40)
        return { status: 500 }
      }
      await early.opened
      return attempt === 1 ? { status: 500 } : { json: {} }
    })
    await service(start, { queue, workUrl: upstream.url, prefetch: 2, retryMs, maxAttempts: 4 })
    await put(rabbitmq, queue, [newJob(random, 'early'), newJob(random, 'late')])
    await waitFor(() => upstream.count >= 5)
    const why =
      'the early job failed for the second time and waits 500 ms. The late one failed for the first time, just after, waits 250 ms, and is due first. (Messages expire at the head of a queue only.)'
    expect(story(upstream), why).toMatch(/early attempt 2, late attempt 2, early attempt 3$/)
  })
})

step('dead', () => {
  test('after MAX_ATTEMPTS failed attempts a job is in QUEUE.dead', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    const maxAttempts = random.int(2, 3)
    await service(start, { queue, workUrl: upstream.url, retryMs: 20, maxAttempts })
    upstream.respond({ status: 500, json: {} })
    const job = newJob(random)
    await put(rabbitmq, queue, [job])
    const why = `MAX_ATTEMPTS is ${maxAttempts}, and every attempt fails`
    const dead = await take(rabbitmq, `${queue}.dead`, 1)
    expect(jobsIn(dead, `${queue}.dead`), `${why}: the job is in ${queue}.dead`).toEqual([job])
    expect(dead.map(durability), `the message in ${queue}.dead (delivery mode 2 is persistent)`).toEqual(['persistent'])
    expect(
      attempts(upstream).map(({ attempt }) => attempt),
      why,
    ).toEqual([1, 2, 3].slice(0, maxAttempts))
    await sleep(120)
    await reachesWork(upstream, maxAttempts, `${why}: the job is in ${queue}.dead and nowhere else`)
  })

  test('with MAX_ATTEMPTS 1 there is no second attempt', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    await service(start, { queue, workUrl: upstream.url, retryMs: 30, maxAttempts: 1 })
    upstream.respond({ status: 500, json: {} })
    const job = newJob(random)
    await put(rabbitmq, queue, [job])
    const dead = jobsIn(await take(rabbitmq, `${queue}.dead`, 1), `${queue}.dead`)
    expect(dead, 'MAX_ATTEMPTS is 1, and the first attempt failed').toEqual([job])
    expect(story(upstream)).toBe(`${job.task} attempt 1`)
  })

  test('only the jobs that fail die, and they hold up no others', async ({ start, rabbitmq, upstream, random }) => {
    const queue = newQueue()
    await service(start, { queue, workUrl: upstream.url, prefetch: 2, retryMs: 30, maxAttempts: 3 })
    const jobs = newJobs(random, 10)
    const doomed = random.sample(jobs, 3)
    upstream.respond((request) =>
      doomed.some(({ id }) => id === attemptOf(request).id) ? { status: 503 } : { json: {} },
    )
    await put(rabbitmq, queue, jobs)
    const dead = jobsIn(await take(rabbitmq, `${queue}.dead`, 3), `${queue}.dead`)
    expect(names(dead), `three of ten jobs always fail: those are in ${queue}.dead`).toBe(names(doomed))
    await reachesWork(upstream, 7 + 3 * 3, 'seven jobs succeed at once, three fail MAX_ATTEMPTS (3) times')
  })
})

step('poison', () => {
  test('what is no job goes to QUEUE.dead unchanged, and nothing is blocked', async ({
    start,
    rabbitmq,
    upstream,
    random,
  }) => {
    const queue = newQueue()
    await service(start, { queue, workUrl: upstream.url, prefetch: 1 })
    const { id, task, data } = newJob(random)
    const texts = ['', '{"id":"1","task":"x"', 'null', '[]', '"text"', '17', '{}']
    const objects = [
      { task, data },
      { id: 7, task, data },
      { id, data },
      { id, task: '', data },
      { id, task: {}, data },
      { id, task },
      { id, task, data: null },
      { id, task, data: [data] },
    ]
    const noise = Buffer.concat([Buffer.from([0xff, 0xfe, 0x00]), random.bytes(60)])
    const poison = [noise, ...[...texts, ...objects.map((one) => JSON.stringify(one))].map((text) => Buffer.from(text))]
    const good = newJob(random, 'good')
    await put(rabbitmq, queue, [...random.shuffle(poison), good])
    const dead = await take(rabbitmq, `${queue}.dead`, poison.length)
    const missing = poison.filter((body) => !dead.some(({ content }) => content.equals(body)))
    const show = (body: Buffer) =>
      body === noise ? `the bytes ${body.toString('hex')}` : `the text ${JSON.stringify(body.toString())}`
    const others = dead.filter(({ content }) => !poison.some((body) => body.equals(content)))
    if (others.length > 0) note(`in ${queue}.dead instead: ${others.map(({ content }) => show(content)).join(', ')}`)
    const why = `${poison.length} messages that are no jobs go to ${queue}.dead, byte for byte: a body is bytes, and not always text (missing there)`
    const more = missing.length > 3 ? ` and ${missing.length - 3} more` : ''
    expect(missing.slice(0, 3).map(show).join(', ') + more || 'none', why).toBe('none')
    expect(dead.length, `nothing else is in ${queue}.dead (messages)`).toBe(poison.length)
    await reachesWork(upstream, 1, 'one good job came after them; what is no job is not sent to WORK_URL')
    expect(attempts(upstream)[0]).toMatchObject(good)
  })
})

/** Once the messages are back in the queue. A solution may keep waiting ones elsewhere until a worker is there. */
async function seesPersistentMessages(broker: Broker, queue: string, n: number) {
  const end = performance.now() + 1000
  while (((await broker.queue(queue))?.messages ?? 0) < n && performance.now() < end) await sleep(20)
  for (const message of await look(broker, queue)) {
    const why = `messages are persistent (delivery mode 2), also after a wait. This one in ${queue} is ${message.content.toString()}`
    expect(durability(message), why).toBe('persistent')
  }
}

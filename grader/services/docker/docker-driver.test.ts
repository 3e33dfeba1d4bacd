import { execa } from 'execa'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../solution/free-port.ts'
import { openTestServices, type TestServices } from '../open-test-services.ts'
import { connectEngine } from './connect-engine.ts'
import { docker } from './docker-driver.ts'
import { runLabel } from './labels.ts'

// `npm test` starts an engine and makes the images; run alone, these tests need DOCKER_HOST or an engine of yours.
beforeAll(async () => {
  const { exitCode, stderr } = await execa('docker', ['image', 'inspect', 'learn-backend-test/redis:7'], {
    reject: false,
  })
  if (exitCode !== 0)
    throw new Error(`no engine, or no stand-in images (node fixtures/stand-ins/images/build-images.js): ${stderr}`)
})

/** Containers of a run. */
async function containersOf(run: TestServices): Promise<string[]> {
  const { stdout } = await execa('docker', ['ps', '-aq', '--filter', `label=${runLabel}=${run.scope.id}`])
  return stdout.split('\n').filter(Boolean)
}

let seen: TestServices | undefined
afterEach(async () => {
  if (!seen) return
  await expect.poll(() => containersOf(seen as TestServices), { timeout: 10_000 }).toEqual([])
  seen = undefined
})

test.each(['redis', 'memcached', 'postgres'] as const)(
  '%s in a container: ready, stopped, started again, paused',
  async (id) => {
    await using run = openTestServices('docker')
    seen = run
    const server = await run.start(id)
    const answers = (patience?: number) => run.answers(server, patience)
    expect(server).toMatchObject({ driver: 'docker', host: '127.0.0.1', version: run.settings.images[id] })
    expect(await answers()).toBe(true)
    await server.stop()
    expect(await server.failure(), 'it was meant to stop').toBeUndefined()
    await server.start()
    expect(await answers()).toBe(true)
    await server.pause()
    expect(await answers(300)).toBe(false)
    await server.resume()
    expect(await answers()).toBe(true)
    await server.reset()
    expect((await server.log()).join('\n')).toBeTypeOf('string')
  },
)

test('a container has little: loopback only, limits, no new privileges, data in memory, our labels', async () => {
  await using run = openTestServices('docker')
  seen = run
  await run.start('redis')
  const [id = ''] = await containersOf(run)
  const { docker: engine } = await connectEngine(run.settings)
  const { HostConfig, NetworkSettings, Config } = await engine.getContainer(id).inspect()
  expect(HostConfig).toMatchObject({
    Memory: 256 * 2 ** 20,
    PidsLimit: 512,
    SecurityOpt: ['no-new-privileges'],
    Tmpfs: { '/data': expect.stringContaining('nosuid') },
  })
  expect(NetworkSettings.Ports['6379/tcp']).toEqual([{ HostIp: '127.0.0.1', HostPort: expect.stringMatching(/^\d+$/) }])
  expect(Config.Labels).toMatchObject({ [runLabel]: run.scope.id })
})

test('volumes that an image asks for go with the container', async () => {
  let volume = ''
  {
    await using run = openTestServices('docker')
    seen = run
    await run.start('postgres')
    const [id = ''] = await containersOf(run)
    const { stdout } = await execa('docker', ['inspect', '-f', '{{range .Mounts}}{{.Name}}{{end}}', id])
    volume = stdout
    expect(volume).toMatch(/^[0-9a-f]{64}$/)
  }
  const { exitCode } = await execa('docker', ['volume', 'inspect', volume], { reject: false })
  expect(exitCode).toBe(1)
})

test('a server that does not come up is shown with its last words, and removed', async () => {
  await using run = openTestServices('docker')
  seen = run
  const broken = { ...run.request('redis').definition }
  broken.container = { ...broken.container, command: () => ['redis-server', '--port', 'nonsense'] }
  await expect(docker.start(run.request('redis', { definition: broken }))).rejects.toMatchObject({
    code: 'environment',
    message: expect.stringMatching(/Redis was started \(docker\) and ended at once \(exit code 1\).*nonsense/s),
  })
})

test('a server that dies is told from one that was stopped', async () => {
  await using run = openTestServices('docker')
  seen = run
  const server = await run.start('redis')
  const [id = ''] = await containersOf(run)
  await execa('docker', ['kill', id])
  await expect.poll(() => server.failure()).toMatch(/it ended \(exit code 137\)/)
})

test('an interrupted start leaves no container', async () => {
  for (const after of [5, 60, 200, 400]) {
    await using run = openTestServices('docker')
    seen = run
    const signal = AbortSignal.timeout(after)
    await docker.start(run.request('postgres', { signal })).catch(() => {})
    await expect.poll(() => containersOf(run), { timeout: 10_000 }).toEqual([])
  }
})

/** A real registry on loopback. */
async function startRegistry(): Promise<{ address: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'))
  const address = `127.0.0.1:${await freePort()}`
  const config = join(folder, 'config.yml')
  await writeFile(
    config,
    JSON.stringify({
      version: '0.1',
      storage: { filesystem: { rootdirectory: join(folder, 'data') } },
      http: { addr: address },
    }),
  )
  const registry = execa('docker-registry', ['serve', config], { reject: false, stdio: 'ignore' })
  for (let round = 0; round < 200; round++) {
    if ((await fetch(`http://${address}/v2/`).catch(() => undefined))?.ok) break
    await sleep(25)
  }
  return {
    address,
    async [Symbol.asyncDispose]() {
      registry.kill()
      await registry
      await rm(folder, { recursive: true, force: true })
    },
  }
}

test('an image that is not there is pulled, with layers and bytes on the way', async () => {
  await using registry = await startRegistry()
  const image = `${registry.address}/redis:pulled`
  // Nothing of it may be there already: 4 MB that nobody has seen.
  const folder = await mkdtemp(join(tmpdir(), 'image-'))
  await writeFile(join(folder, 'random'), randomBytes(4_000_000))
  await execa({ shell: true })`tar -C ${folder} -c . | docker import - ${image}`
  await execa('docker', ['push', '-q', image])
  await execa('docker', ['rmi', image])
  try {
    await using run = openTestServices('docker', { images: { redis: image } })
    const lines: string[] = []
    await docker.prepare?.(run.request('redis', { onProgress: (text) => lines.push(text) }))
    expect(lines[0]).toBe(`pulling ${image}`)
    expect(lines.at(-1)).toMatch(/^pulling .+: 1 of 1 layers, (4\.\d) of \1 MB$/)
  } finally {
    await execa('docker', ['rmi', image], { reject: false })
    await rm(folder, { recursive: true })
  }
})

test('a tag that does not exist, and a registry that is not there, each get a message of their own', async () => {
  await using registry = await startRegistry()
  const pull = async (image: string) => {
    await using run = openTestServices('docker', { images: { redis: image } })
    seen = run
    return await docker.start(run.request('redis')).catch((error: unknown) => error)
  }
  expect(await pull(`${registry.address}/redis:none`)).toMatchObject({
    code: 'environment',
    message: expect.stringMatching(/^The image 127\.0\.0\.1:\d+\/redis:none is not there/),
    remedy: expect.stringContaining('--image'),
  })
  expect(await pull(`127.0.0.1:${await freePort()}/redis:8`)).toMatchObject({
    code: 'environment',
    message: expect.stringMatching(/^The registry of .* can't be reached/),
    remedy: expect.stringContaining('docker pull'),
  })
  expect(await pull('registry.invalid/redis:8')).toMatchObject({
    message: expect.stringMatching(/^The registry of .* can't be reached/),
  })
})

/** Forwards a Unix socket to the engine's until it is told to go away. */
async function startEngineProxy(): Promise<{ env: { DOCKER_HOST: string }; vanish(): void } & AsyncDisposable> {
  const { address } = await connectEngine({ hostEnvironment: process.env })
  const folder = await mkdtemp(join(tmpdir(), 'engine-'))
  const path = join(folder, 'docker.sock')
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = address.socketPath ? connect(address.socketPath) : connect(address.port ?? 2375, address.host)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    near.pipe(far).pipe(near)
  }).listen(path)
  const vanish = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return {
    env: { DOCKER_HOST: `unix://${path}` },
    vanish,
    async [Symbol.asyncDispose]() {
      vanish()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

test('an engine that goes away in the middle is named, with what to look at', async () => {
  await using proxy = await startEngineProxy()
  const run = openTestServices('docker', { hostEnvironment: { ...process.env, ...proxy.env } })
  try {
    const server = await run.start('redis')
    proxy.vanish()
    await expect(server.pause()).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringMatching(/The Docker engine at unix:.* went away while it was to pause Redis/),
      remedy: expect.stringContaining('docker info'),
    })
    expect(await server.failure()).toMatch(/went away/)
  } finally {
    await execa('docker', ['rm', '-f', '-v', ...(await containersOf(run))], { reject: false })
    await run[Symbol.asyncDispose]()
  }
})

test.each([
  ['tcp://127.0.0.1:1', /no Docker engine answers at tcp:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\)/],
  ['ssh://me@there', /ssh:\/\/me@there: engines behind ssh/],
  ['nonsense', /nonsense: it is no address of an engine/],
])('DOCKER_HOST=%s is told what is wrong with it', async (address, reason) => {
  await using run = openTestServices('docker', { hostEnvironment: { DOCKER_HOST: address } })
  const found = await docker.available(run.request('redis').definition, run.settings)
  expect(found).toMatchObject({ ok: false, reason: expect.stringMatching(reason), remedy: expect.any(String) })
})

test('an engine behind TCP is used as well', async () => {
  const { address } = await connectEngine({ hostEnvironment: process.env })
  const port = await freePort()
  const server = createServer((near) => {
    const far = address.socketPath ? connect(address.socketPath) : connect(address.port ?? 2375, address.host)
    for (const socket of [near, far]) socket.on('error', () => {})
    near.pipe(far).pipe(near)
  }).listen(port, '127.0.0.1')
  try {
    await using run = openTestServices('docker', {
      hostEnvironment: { ...process.env, DOCKER_HOST: `tcp://127.0.0.1:${port}` },
    })
    const server_ = await run.start('redis')
    expect(server_.driver).toBe('docker')
  } finally {
    server.close()
  }
})

test('an engine behind TLS is used with the certificates of DOCKER_CERT_PATH, and not without', async () => {
  const { address } = await connectEngine({ hostEnvironment: process.env })
  const folder = await mkdtemp(join(tmpdir(), 'certificates-'))
  const inFolder = { cwd: folder, shell: true }
  await execa(inFolder)`openssl req -x509 -newkey rsa:2048 -nodes -days 1 -keyout ca-key.pem -out ca.pem -subj /CN=ca`
  for (const name of ['server', 'client']) {
    await execa(
      inFolder,
    )`openssl req -newkey rsa:2048 -nodes -keyout ${name}-key.pem -out ${name}.csr -subj /CN=${name}`
    await writeFile(join(folder, 'extensions'), 'subjectAltName=IP:127.0.0.1')
    await execa(
      inFolder,
    )`openssl x509 -req -in ${name}.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 1 -extfile extensions -out ${name}.pem`
  }
  await execa(inFolder)`cp client.pem cert.pem && cp client-key.pem key.pem`
  const read = (file: string) => readFile(join(folder, file))
  const server = createTlsServer(
    {
      ca: await read('ca.pem'),
      cert: await read('server.pem'),
      key: await read('server-key.pem'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (near) => {
      const far = address.socketPath ? connect(address.socketPath) : connect(address.port ?? 2375, address.host)
      for (const socket of [near, far]) socket.on('error', () => {})
      near.pipe(far).pipe(near)
    },
  )
  const port = await freePort()
  server.listen(port, '127.0.0.1')
  const env = { ...process.env, DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_TLS_VERIFY: '1' }
  try {
    await using run = openTestServices('docker', { hostEnvironment: { ...env, DOCKER_CERT_PATH: folder } })
    expect((await run.start('redis')).driver).toBe('docker')
    await using without = openTestServices('docker', { hostEnvironment: { ...env, DOCKER_CERT_PATH: '/nonexistent' } })
    const found = await docker.available(without.request('redis').definition, without.settings)
    expect(found).toMatchObject({ ok: false, reason: expect.stringContaining("certificates can't be read") })
  } finally {
    server.close()
    await rm(folder, { recursive: true })
  }
})

test('a tool of an image runs with files and input', async () => {
  await using run = openTestServices('docker')
  seen = run
  const result = await docker.runTool({
    ...run.request('prometheus'),
    command: ['promtool', 'check', 'rules', 'alerts.yml'],
    files: { 'alerts.yml': 'groups: [{name: a, rules: [{alert: Up, expr: up == 0}]}]' },
  })
  expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('1 rules found') })
  const lint = await docker.runTool({
    ...run.request('prometheus'),
    command: ['promtool', 'check', 'metrics'],
    stdin: '# HELP a_total Things.\n# TYPE a_total counter\na_total 1\n',
  })
  expect(lint).toMatchObject({ exitCode: 0, stderr: '' })
})

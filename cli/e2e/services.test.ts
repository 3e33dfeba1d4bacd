import { spawn } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { setTrap, type Trap } from './leftovers.ts'
import { cli, packageRoot, program } from './run-cli.ts'

const exercises = join(packageRoot, 'exercises')
const reference = (path: string, lang = 'ts') => ['--solution', join(exercises, path, 'reference', lang)]
const cache = ['06-caching/redis-cache-aside', '03-databases/postgres-transfers'] as const
const images = [
  'redis=learn-backend-test/redis:7',
  'postgres=learn-backend-test/postgres:15',
  'nginx=learn-backend-test/nginx:1.22',
].flatMap((image) => ['--image', image])

const idOf = (path: string) => path.split('/')[1] ?? ''
const slow = 180_000

test.each([
  ['06-caching/redis-cache-aside', 'ts', /redis/],
  ['03-databases/postgres-transfers', 'ts', /postgres/],
  ['14-scaling/nginx-load-balancer', 'config', /nginx/],
] as const)('%s is graded through real containers as it is natively', async (path, lang, service) => {
  const words = ['verify', idOf(path), ...reference(path, lang), '--json']
  const inDocker = await cli([...words, '--services', 'docker', ...images], { deadline: slow })
  expect(inDocker.exitCode, inDocker.stderr + inDocker.stdout.slice(0, 4000)).toBe(0)
  const report = JSON.parse(inDocker.stdout)
  expect(report).toMatchObject({ status: 'passed' })
  expect(report.services[0]).toMatchObject({ driver: 'docker', version: expect.stringMatching(service) })
})

/** Containers that a grader's process started; other tests run at the same time. */
async function containersOf(pid: number): Promise<string> {
  const label = `label=io.github.learn-backend.owner=${hostname()}/${pid}`
  return (await execa('docker', ['ps', '-aq', '--filter', label])).stdout
}

/** Starts a grading and kills it without mercy after a while. */
async function killOne(path: string, driver: string, after: number, trap: Trap): Promise<number> {
  const words = ['verify', idOf(path), ...reference(path), '--services', driver, ...images]
  const grader = spawn(process.execPath, [program, ...words], { env: { ...process.env, ...trap.env }, stdio: 'ignore' })
  const ended = new Promise((resolve) => grader.once('exit', resolve))
  await new Promise((resolve) => setTimeout(resolve, after))
  grader.kill('SIGKILL')
  await ended
  return grader.pid ?? 0
}

test('kill -9 at any moment leaves no server, no file, no shared memory', async () => {
  // Those that nobody is attached to: servers of tests that run at the same time have theirs.
  const segments = async () =>
    (await execa('ipcs', ['-m'])).stdout.split('\n').filter((line) => /^0x(\S+\s+){5}0\s*$/.test(line)).length
  const before = await segments()
  for (const [index, after] of [120, 200, 300, 400, 550, 700, 1000, 1500].entries()) {
    await using trap = await setTrap()
    await killOne(cache[index % 2] ?? cache[0], 'native', after, trap)
    expect(await trap.settled(5000), `after ${after} ms`).toEqual([])
  }
  await expect.poll(segments, { timeout: 10_000 }).toBe(before)
})

test('kill -9 at any moment leaves no container and no volume', async () => {
  const volumes = async () => (await execa('docker', ['volume', 'ls', '-q', '--filter', 'dangling=true'])).stdout
  const before = await volumes()
  for (const [index, after] of [250, 400, 600, 900, 1300, 2000].entries()) {
    await using trap = await setTrap()
    const pid = await killOne(cache[index % 2] ?? cache[0], 'docker', after, trap)
    await expect.poll(() => containersOf(pid), { timeout: 15_000, message: `after ${after} ms` }).toBe('')
    expect(await trap.settled(8000), `after ${after} ms`).toEqual([])
  }
  // Those of tests that run at the same time come and go.
  await expect.poll(volumes, { timeout: 10_000 }).toBe(before)
})

test.each([
  ['native', 'redis', 1200],
  ['docker', 'redis', 1200],
  ['docker', 'redis', 500],
  ['docker', 'nginx', 2500],
  ['native', 'nginx', 1500],
] as const)('Ctrl-C stops servers as well: %s, %s, after %i ms', async (driver, service, after) => {
  await using trap = await setTrap()
  const solution = service === 'redis' ? reference(cache[0]) : reference('14-scaling/nginx-load-balancer', 'config')
  const exercise = service === 'redis' ? 'redis-cache-aside' : 'nginx-load-balancer'
  const words = ['verify', exercise, ...solution, '--services', driver, ...images]
  const grader = spawn(process.execPath, [program, ...words], {
    env: { ...process.env, ...trap.env },
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => grader.once('exit', resolve))
  await new Promise((resolve) => setTimeout(resolve, after))
  grader.kill('SIGINT')
  expect(await ended).toBe(130)
  expect(await trap.settled()).toEqual([])
  expect(await containersOf(grader.pid ?? 0)).toBe('')
})

test('without any driver nothing is started: exit code 3, what was tried, what to type', async () => {
  await using trap = await setTrap()
  const nowhere = { PATH: join(trap.folder, 'nothing'), DOCKER_HOST: 'unix:///nonexistent/docker.sock' }
  const { exitCode, stdout, stderr } = await cli(['verify', 'redis-cache-aside', ...reference(cache[0])], {
    env: { ...trap.env, ...nowhere },
  })
  expect(exitCode).toBe(3)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/This exercise needs Redis, which can't be started here\. Tried:/)
  expect(stderr).toMatch(/docker +no Docker engine answers at unix:\/\/\/nonexistent\/docker\.sock/)
  expect(stderr).toMatch(/native +redis-server is not installed/)
  expect(stderr).toMatch(/native: Type: .*install/)
  expect(await trap.settled()).toEqual([])
  const check = await cli(['author', 'check', 'redis-cache-aside', '--jobs', '1'], { env: { ...trap.env, ...nowhere } })
  expect(check.exitCode).toBe(3)
  expect(check.stderr.match(/needs Redis, which can't be started here/g)).toHaveLength(1)
  expect(await trap.settled()).toEqual([])
})

test.runIf(process.getuid?.() === 0)(
  'a socket that may not be used is told from an engine that is not there',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'socket-'))
    const path = join(folder, 'docker.sock')
    const server = createServer().listen(path)
    await new Promise((resolve) => server.once('listening', resolve))
    chmodSync(folder, 0o755)
    chmodSync(path, 0o600)
    try {
      // As an ordinary user, for whom the clone must be readable.
      const copy = join(folder, 'package')
      for (const part of ['dist', 'exercises', 'package.json'])
        cpSync(join(packageRoot, part), join(copy, part), { recursive: true })
      chownSync(folder, 65_534, 65_534)
      const { stdout } = await execa(
        'setpriv',
        [
          '--reuid',
          '65534',
          '--regid',
          '65534',
          '--clear-groups',
          process.execPath,
          join(copy, 'dist/main.js'),
          'services',
          '--json',
        ],
        {
          cwd: folder,
          env: { DOCKER_HOST: `unix://${path}`, HOME: folder, TMPDIR: folder, PATH: '/usr/bin:/bin' },
          extendEnv: false,
        },
      )
      const [redis] = JSON.parse(stdout).services
      expect(redis.drivers[0]).toMatchObject({
        id: 'docker',
        availability: {
          ok: false,
          reason: expect.stringContaining('may not be used by this user (EACCES)'),
          remedy: expect.stringContaining('usermod -aG docker'),
        },
      })
    } finally {
      server.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

test('services are kept up, lent, shown and stopped', async () => {
  await using trap = await setTrap()
  const env = { ...trap.env, CI: undefined }
  const up = await cli(['services', 'up', 'redis', 'memcached', '--services', 'native'], { env })
  expect(up).toMatchObject({ exitCode: 0 })
  expect(up.stdout).toMatch(/^export REDIS_URL=redis:\/\/127\.0\.0\.1:\d+$/m)
  const port = Number(/REDIS_URL=redis:\/\/127\.0\.0\.1:(\d+)/.exec(up.stdout)?.[1])
  const listed = await cli(['services'], { env })
  expect(listed.stdout).toMatch(new RegExp(`redis on port ${port} \\(native\\): until you stop it`))
  expect((await cli(['services', 'up', 'redis', '--services', 'native'], { env })).stderr).toContain('was up already')
  expect((await cli(['services', 'logs', 'redis'], { env })).stdout).toContain('Ready to accept connections')
  expect((await cli(['services', 'logs', 'postgres'], { env })).stderr).toContain('no service "postgres" that is up')
  expect((await cli(['services', 'up', 'nginx'], { env })).stderr).toContain("can't be started by itself")
  expect((await cli(['services', 'up', 'oracle'], { env })).stderr).toContain('There is no service "oracle"')
  expect((await cli(['services', 'down', 'redis'], { env })).stdout).toBe('Stopped: redis\n')
  expect((await cli(['services', 'down'], { env })).stdout).toBe('Stopped: memcached\n')
  expect((await cli(['services', 'down'], { env })).stdout).toBe('Nothing was up.\n')
  expect(await trap.settled()).toEqual([])
})

test('a slow service stays up for the next run, which finds it empty and pays little', async () => {
  await using trap = await setTrap()
  const env = { ...trap.env, CI: undefined }
  const path = '08-message-brokers/rabbitmq-work-queue'
  const words = [
    'verify',
    'rabbitmq-work-queue',
    ...reference(path),
    '--services',
    'native',
    '--step',
    'publish',
    '--json',
  ]
  const once = async () => {
    const { stdout, stderr, exitCode } = await cli(words, { env, deadline: slow })
    expect(exitCode, stderr + stdout.slice(0, 3000)).toBe(0)
    const report = JSON.parse(stdout) as { ms: number; steps: { ms: number }[] }
    return report.ms - report.steps.reduce((sum, { ms }) => sum + ms, 0)
  }
  const first = await once()
  const running = JSON.parse((await cli(['services', '--json'], { env })).stdout).running
  expect(running).toMatchObject([{ service: 'rabbitmq', leased: false, idleSeconds: expect.any(Number) }])
  const second = await once()
  expect(second).toBeLessThan(first)
  // A keeper that is killed takes its server along.
  process.kill(running[0].pid, 'SIGKILL')
  await expect
    .poll(async () => JSON.parse((await cli(['services', '--json'], { env })).stdout).running, { timeout: 10_000 })
    .toEqual([])
  const left = (await trap.settled(5000)).filter((name) => !name.startsWith('learn-backend-warm-'))
  expect(left).toEqual([])
})

test('prune removes what a dead machine left', async () => {
  await using trap = await setTrap()
  const label = (name: string, value: string) => ['--label', `io.github.learn-backend.${name}=${value}`]
  const owner = label('owner', `${hostname()}/999999`)
  const container = (...labels: string[]) => execa('docker', ['run', '-d', ...labels, 'learn-backend-test/redis:7'])
  const { stdout: id } = await container(...label('run', 'gone'), ...label('service', 'redis'), ...owner)
  const other = label('owner', 'another-machine/1')
  const { stdout: theirs } = await container(...label('run', 'theirs'), ...other)
  const folder = mkdtempSync(join(trap.folder, 'learn-backend-run-'))
  writeFileSync(join(folder, 'owner'), '999999')
  try {
    const { stdout } = await cli(['services', 'prune'], { env: trap.env })
    expect(stdout).toContain(`removed container ${id.slice(0, 12)} (redis)\n`)
    expect(stdout).toContain(`removed ${folder}\n`)
    expect(stdout).not.toContain(theirs.slice(0, 12))
    expect(existsSync(folder)).toBe(false)
    const again = await cli(['services', 'prune'], { env: trap.env })
    expect(again.stdout).not.toContain(id.slice(0, 12))
  } finally {
    await execa('docker', ['rm', '-f', id, theirs], { reject: false })
  }
})

test('learn-backend.yaml says how services are started; mistakes in it are told with their place', async () => {
  await using trap = await setTrap()
  const workspace = join(trap.folder, 'work')
  cpSync(join(packageRoot, 'fixtures/courses/tiny'), workspace, { recursive: true })
  writeFileSync(join(workspace, 'learn-backend.yaml'), 'version: 1\nlang: ts\nservices:\n  driver: native\n')
  const native = await cli(['services', '--json'], { cwd: workspace })
  expect(JSON.parse(native.stdout).services[0]).toMatchObject({ id: 'redis', chosen: 'native' })
  const docker = await cli(['services', '--services', 'docker', '--json'], { cwd: workspace })
  expect(JSON.parse(docker.stdout).services[0]).toMatchObject({ id: 'redis', chosen: 'docker' })
  const image = await cli(['services', '--image', 'redis'], { cwd: workspace })
  expect(image).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--image takes <service>=<image>') })
  writeFileSync(join(workspace, 'learn-backend.yaml'), 'version: 1\nlang: ts\nservices:\n  driver: podman\n')
  const wrong = await cli(['services'], { cwd: workspace })
  expect(wrong.exitCode).toBe(2)
  expect(wrong.stderr).toMatch(/learn-backend\.yaml:4:\d+/)
  rmSync(workspace, { recursive: true })
  expect(readdirSync(trap.folder)).toEqual([])
})

test('embedded PostgreSQL is fetched once, and is a real server', async () => {
  await using trap = await setTrap()
  // Readable for the user that runs the server when we are root.
  chmodSync(trap.folder, 0o755)
  const env = { ...trap.env, XDG_CACHE_HOME: join(trap.folder, 'cache') }
  const words = ['services', 'up', 'postgres', '--services', 'embedded', '--json']
  const { stdout, stderr, exitCode } = await cli(words, { env, deadline: slow })
  expect(exitCode, stderr).toBe(0)
  const [held] = JSON.parse(stdout).services
  expect(held).toMatchObject({ driver: 'embedded', version: expect.stringMatching(/^18\./) })
  const client = new Client({ connectionString: held.env.DATABASE_URL })
  await client.connect()
  expect((await client.query('SHOW server_version')).rows).toEqual([{ server_version: expect.stringMatching(/^18\./) }])
  await client.end()
  expect((await cli(['services', 'down'], { env })).stdout).toBe('Stopped: postgres\n')
  const again = await cli(words, { env })
  expect(again.exitCode).toBe(0)
  await cli(['services', 'down'], { env })
  expect((await trap.settled()).filter((name) => name !== 'cache')).toEqual([])
})

test('two gradings at once do not disturb each other', async () => {
  const words = ['verify', 'redis-cache-aside', ...reference(cache[0]), '--services', 'native', '--json']
  const both = await Promise.all([cli(words, { deadline: slow }), cli(words, { deadline: slow })])
  for (const { exitCode, stdout } of both) expect(exitCode, stdout.slice(0, 3000)).toBe(0)
})

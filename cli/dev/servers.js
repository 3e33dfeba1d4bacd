// @ts-check
// The real servers and compilers that the tests use: installed from Debian's packages where they are missing, a Docker engine, and
// images made of those servers, because no registry can be counted on.
import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { root, run } from './steps.js'

/** What must be there, and the Debian package that brings it. @type {[program: string, debian: string][]} */
const programs = [
  ['redis-server', 'redis-server'],
  ['memcached', 'memcached'],
  ['nginx', 'nginx-light'],
  ['haproxy', 'haproxy'],
  ['prometheus', 'prometheus'],
  ['dnsmasq', 'dnsmasq-base'],
  ['/usr/lib/rabbitmq/bin/rabbitmq-server', 'rabbitmq-server'],
  ['/usr/lib/postgresql/15/bin/postgres', 'postgresql-15'],
  ['bwrap', 'bubblewrap'],
  ['dockerd', 'docker.io'],
  ['docker', 'docker.io'],
  ['docker-registry', 'docker-registry'],
  // A second client for the Kafka stand-in, on librdkafka.
  ['kcat', 'kcat'],
  // Languages, and what their projects are built and tested with.
  ['python3', 'python3'],
  ['go', 'golang-go'],
  ['gofmt', 'golang-go'],
  ['javac', 'default-jdk-headless'],
  ['mvn', 'maven'],
  ['ruby', 'ruby'],
  ['php', 'php-cli'],
  ['rustc', 'rustc'],
]

/** What is no program, but a file that a package brings. @type {[file: string, debian: string][]} */
const files = [
  ['/usr/lib/python3/dist-packages/pytest', 'python3-pytest'],
  ['/usr/share/java/junit-platform-console.jar', 'junit5'],
  ['/usr/share/maven-repo/org/apache/maven/plugins/maven-compiler-plugin', 'libmaven-compiler-plugin-java'],
  ['/usr/share/maven-repo/org/apache/maven/plugins/maven-dependency-plugin', 'libmaven-dependency-plugin-java'],
  ['/usr/share/maven-repo/org/apache/maven/plugins/maven-resources-plugin', 'libmaven-resources-plugin-java'],
  ['/usr/share/maven-repo/org/apache/commons/commons-lang3', 'libcommons-lang3-java'],
  ['/usr/share/python-wheels', 'python3-venv'],
]

/**
 * Makes everything ready.
 * @returns {Promise<{ env: Record<string, string>, stop: () => Promise<void> }>} variables for the tests
 * @throws {Error} that says what to type when something can't be had
 */
export async function prepareServers() {
  await installPrograms()
  const engine = await startEngine()
  try {
    if ((await run([process.execPath, 'fixtures/stand-ins/images/build-images.js'], { env: engine.env })) !== 0)
      throw new Error("the images for the docker driver's tests could not be built")
  } catch (error) {
    await engine.stop()
    throw error
  }
  return engine
}

/** Stand-ins of servers that Debian does not have lie beside the others. */
export function pathWithStandIns() {
  const places = [process.env['PATH'] ?? '', '/usr/sbin', '/sbin']
  return [join(root, 'fixtures/stand-ins/bin'), ...places].join(delimiter)
}

/** @throws {Error} that says what to type when something can't be had */
export async function installPrograms() {
  const missing = [
    ...programs.filter(([program]) => !isThere(program)),
    ...files.filter(([file]) => !existsSync(file)),
  ].map(([, debian]) => debian)
  if (missing.length === 0) return
  const packages = [...new Set(missing)]
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const remedy = `sudo apt-get install --no-install-recommends ${packages.join(' ')}`
  if (!isThere('/usr/bin/apt-get'))
    throw new Error(`The tests need these programs: ${packages.join(', ')} (names of Debian's packages).`)
  console.log(`$ apt-get install ${packages.join(' ')}`)
  // The tests start servers of their own: what is installed shall not start by itself.
  const policy = '/usr/sbin/policy-rc.d'
  const ours = asRoot.length === 0 && !existsSync(policy)
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    await run([...asRoot, 'apt-get', 'update', '-qq'], { env })
    const flags = ['-y', '-qq', '-o=Dpkg::Use-Pty=0', '--no-install-recommends']
    const code = await run([...asRoot, 'apt-get', 'install', ...flags, ...packages], { env })
    if (code !== 0) throw new Error(`The tests need programs that could not be installed. Type: ${remedy}`)
  } finally {
    if (ours) rmSync(policy)
  }
}

/** @param {string} program a name, or a path */
function isThere(program) {
  const places = program.startsWith('/') ? [''] : pathWithStandIns().split(delimiter)
  return places.some((place) => {
    try {
      accessSync(join(place, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/**
 * The engine that is there, or one of our own for as long as the tests run.
 * @returns {Promise<{ env: Record<string, string>, stop: () => Promise<void> }>}
 */
async function startEngine() {
  const env = { PATH: pathWithStandIns() }
  if (answers(env)) return { env, stop: async () => {} }
  if (process.getuid?.() !== 0)
    throw new Error('The tests need a Docker engine. Start one (sudo systemctl start docker), or run them as root.')
  const folder = mkdtempSync(join(tmpdir(), 'learn-backend-engine-'))
  const host = `unix://${folder}/docker.sock`
  const places = ['data-root', 'exec-root'].flatMap((name) => [`--${name}`, join(folder, name)])
  console.log('$ dockerd')
  const engine = spawn(
    'dockerd',
    ['--host', host, '--pidfile', join(folder, 'pid'), '--log-level', 'error', ...places],
    {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    },
  )
  let said = ''
  engine.stderr.on('data', (bytes) => (said = (said + bytes).slice(-2000)))
  const ended = new Promise((resolve) => engine.once('close', resolve))
  const stop = async () => {
    engine.kill('SIGTERM')
    const timer = setTimeout(() => engine.kill('SIGKILL'), 20_000)
    await ended
    clearTimeout(timer)
    // dockerd may leave the mount of its network namespace behind.
    spawnSync('umount', ['-l', join(folder, 'exec-root/netns/default')], { stdio: 'ignore' })
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
  for (const end = Date.now() + 60_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 200))) {
    if (engine.exitCode !== null) break
    if (answers({ ...env, DOCKER_HOST: host })) return { env: { ...env, DOCKER_HOST: host }, stop }
  }
  await stop()
  throw new Error(`dockerd did not come up:\n${said}`)
}

/** @param {Record<string, string>} env */
function answers(env) {
  return (
    spawnSync('docker', ['info'], { env: { ...process.env, ...env }, stdio: 'ignore', timeout: 10_000 }).status === 0
  )
}

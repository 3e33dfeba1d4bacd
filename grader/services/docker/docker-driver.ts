import type { Container, ContainerCreateOptions } from 'dockerode'
import { pack } from 'tar-stream'
import { freePort } from '../../solution/free-port.ts'
import type { RunScope } from '../../solution/run-scope.ts'
import { startFailure } from '../native/native-driver.ts'
import type { Layout, Ports, ServiceDefinition } from '../service.ts'
import type { Server, ServiceDriver, ServiceSettings, StartRequest, ToolRun } from '../server.ts'
import { waitUntilReady } from '../wait-until-ready.ts'
import { connectEngine, type Engine } from './connect-engine.ts'
import { explainEngineError } from './explain-engine-error.ts'
import { findEngine } from './find-engine.ts'
import { serviceLabel } from './labels.ts'
import { announce, ownLabels, remove } from './own-containers.ts'
import { pullImage } from './pull-image.ts'

/** Milliseconds until a server must answer. */
const patience = { quick: 30_000, slow: 120_000 }

/** Where a server's files lie in its container. */
const inside = '/learn-backend'

/** Servers in containers of whatever Docker engine answers. */
export const docker: ServiceDriver = {
  id: 'docker',
  async available(definition, settings) {
    const found = await findEngine(settings)
    if ('reason' in found) return { ok: false, ...found }
    return { ok: true, version: imageOf(definition, settings) }
  },
  async reach(settings) {
    const { sharesNetwork } = await connectEngine(settings)
    return (port) => `${sharesNetwork ? '127.0.0.1' : 'host.docker.internal'}:${port}`
  },
  async prepare({ definition, settings, signal, onProgress }) {
    const engine = await connectEngine(settings)
    await pullImage(engine, imageOf(definition, settings), { signal, onProgress })
  },
  async start(request) {
    const { definition, settings, signal, onProgress } = request
    const image = imageOf(definition, settings)
    const engine = await connectEngine(settings)
    await pullImage(engine, image, { signal, onProgress })
    signal.throwIfAborted()
    return startContainer(request, engine, image)
  },
  async runTool({ definition, settings, scope, signal, command, files = {}, stdin }) {
    const engine = await connectEngine(settings)
    const image = imageOf(definition, settings)
    await pullImage(engine, image, { signal })
    await announce(engine, scope)
    const [tool = '', ...args] = command
    const container = await create(engine, definition, {
      ...baseOptions(definition, scope),
      Image: image,
      Entrypoint: [tool],
      Cmd: args,
      WorkingDir: inside,
      OpenStdin: stdin !== undefined,
      StdinOnce: true,
    })
    try {
      await putFiles(container, files)
      return await runToEnd(container, stdin)
    } catch (error) {
      throw explainEngineError(error, `run ${tool}`, engine.address)
    } finally {
      await remove(container)
    }
  },
}

/** The image of a service: the user's choice, else the definition's. */
export function imageOf(definition: ServiceDefinition, settings: Pick<ServiceSettings, 'images'>): string {
  return settings.images[definition.id] ?? definition.container.image
}

async function startContainer(request: StartRequest, engine: Engine, image: string): Promise<Server> {
  const { definition, scope, signal } = request
  const recipe = definition.container
  // Either way it listens where it is reached.
  const shares = request.network !== undefined || (definition.callsBack === true && engine.sharesNetwork)
  const names = Object.keys({ ...recipe.ports, ...request.ports })
  const ours: Ports = { main: 0, ...request.ports }
  const chosen = shares || recipe.advertises || recipe.udp || request.ports !== undefined
  if (chosen) for (const name of names) ours[name] ||= await freePort()
  // In a network of its own a server listens where its image does; in ours, or where a configuration says it, there.
  const ports: Ports = shares || request.ports ? ours : { ...recipe.ports }
  const layout: Layout = {
    folder: inside,
    bind: shares ? '127.0.0.1' : '0.0.0.0',
    ports,
    published: ours,
    advertised: { host: '127.0.0.1', port: request.advertisedPort ?? ours.main },
  }
  await announce(engine, scope)
  const published = Object.fromEntries(
    names.flatMap((name) => {
      const binding = [{ HostIp: '127.0.0.1', HostPort: chosen ? String(ours[name]) : '' }]
      const udp = recipe.udp && name === 'main'
      return [[`${ports[name]}/tcp`, binding], ...(udp ? [[`${ports[name]}/udp`, binding]] : [])]
    }),
  )
  const container = await create(engine, definition, {
    ...baseOptions(
      definition,
      scope,
      shares
        ? { NetworkMode: request.network ?? 'host' }
        : { PortBindings: published, ExtraHosts: definition.callsBack ? ['host.docker.internal:host-gateway'] : [] },
    ),
    Image: image,
    ...(recipe.entrypoint ? { Entrypoint: recipe.entrypoint } : {}),
    ...(recipe.command ? { Cmd: recipe.command(layout) } : {}),
    Env: Object.entries(recipe.env?.(layout) ?? {}).map(([name, value]) => `${name}=${value}`),
    ...(shares ? {} : { ExposedPorts: Object.fromEntries(Object.keys(published).map((port) => [port, {}])) }),
  })
  let current: Ports = shares ? ours : { main: 0 }
  let expected = true
  const launch = async () => {
    await container.start({ abortSignal: signal })
    const ended = container.wait({ condition: 'not-running' })
    ended.catch(() => {})
    if (request.network !== undefined) return
    if (!shares) current = await publishedPorts(container, ports)
    const { outcome, reason } = await waitUntilReady({
      definition,
      host: '127.0.0.1',
      ports: current,
      deadline: definition.slow ? patience.slow : patience.quick,
      signal,
      ended: ended.catch(() => {}),
    })
    if (outcome === 'ready') return
    const exit = outcome === 'ended' ? ((await ended) as { StatusCode: number }).StatusCode : null
    throw startFailure(definition, { outcome, reason, log: await lastLines(container, 8), exit, driver: 'docker' })
  }
  const doing = async (what: string, work: () => Promise<unknown>) => {
    try {
      await work()
    } catch (error) {
      throw explainEngineError(error, `${what} ${definition.name} (${image})`, engine.address)
    }
  }
  try {
    await doing('start', async () => {
      if (request.files) await putFiles(container, request.files)
      await launch()
    })
  } catch (error) {
    await remove(container)
    throw error
  }
  return {
    service: definition.id,
    driver: 'docker',
    version: image,
    host: '127.0.0.1',
    get ports() {
      return current
    },
    async failure() {
      if (!expected) return undefined
      try {
        const { State } = await container.inspect()
        if (State.Running) return undefined
        const why = State.OOMKilled ? 'it used more memory than its limit' : `exit code ${State.ExitCode}`
        return `it ended (${why})\n${(await lastLines(container, 6)).join('\n')}`
      } catch (error) {
        return explainEngineError(error, `look after ${definition.name}`, engine.address).message
      }
    },
    log: () => lastLines(container, 200),
    async stop() {
      expected = false
      await doing('stop', () => container.kill().catch(ignoreStopped))
    },
    async start() {
      await doing('start', async () => {
        if ((await container.inspect()).State.Running) return
        await launch()
      })
      expected = true
    },
    pause: () => doing('pause', () => container.pause()),
    resume: () => doing('resume', () => container.unpause().catch(ignoreStopped)),
    signal: (name) => doing('signal', () => container.kill({ signal: name })),
    write: (files) => doing('write to', () => putFiles(container, files)),
    reset: async () => definition.reset?.('127.0.0.1', current),
    [Symbol.asyncDispose]: () => remove(container),
  }
}

function baseOptions(
  definition: ServiceDefinition,
  scope: RunScope,
  host: Partial<NonNullable<ContainerCreateOptions['HostConfig']>> = {},
): ContainerCreateOptions {
  const { memory, tmpfs = [] } = definition.container
  return {
    Labels: { ...ownLabels(scope), [serviceLabel]: definition.id },
    HostConfig: {
      Memory: memory * 2 ** 20,
      // The same: no swap on top of it.
      MemorySwap: memory * 2 ** 20,
      PidsLimit: 512,
      SecurityOpt: ['no-new-privileges'],
      // What it prints shall not fill the engine's disk.
      LogConfig: { Type: 'json-file', Config: { 'max-size': '8m', 'max-file': '1' } },
      Tmpfs: Object.fromEntries(tmpfs.map((folder) => [folder, 'rw,nosuid,nodev,size=64m,mode=1777'])),
      ...host,
    },
  }
}

async function create(
  { docker, address }: Engine,
  definition: ServiceDefinition,
  options: ContainerCreateOptions,
): Promise<Container> {
  try {
    return await docker.createContainer(options)
  } catch (error) {
    throw explainEngineError(error, `start ${definition.name} (${options.Image})`, address)
  }
}

async function publishedPorts(container: Container, ports: Ports): Promise<Ports> {
  const { NetworkSettings } = await container.inspect()
  const current: Ports = { main: 0 }
  for (const [name, port] of Object.entries(ports))
    current[name] = Number(NetworkSettings.Ports[`${port}/tcp`]?.[0]?.HostPort ?? 0)
  return current
}

/** As an archive, because the engine may be elsewhere, and a folder of this machine not be shared with it. */
async function putFiles(container: Container, files: Record<string, string>): Promise<void> {
  const archive = pack()
  // Whatever user the image runs as may write there, too.
  archive.entry({ name: `${inside.slice(1)}/`, type: 'directory', mode: 0o777 })
  for (const [name, text] of Object.entries(files))
    archive.entry({ name: `${inside.slice(1)}/${name}`, mode: 0o644 }, text)
  archive.finalize()
  const parts: Buffer[] = []
  for await (const part of archive) parts.push(part as Buffer)
  await container.putArchive(Buffer.concat(parts), { path: '/' })
}

async function lastLines(container: Container, count: number): Promise<string[]> {
  try {
    const raw = await container.logs({ stdout: true, stderr: true, tail: count })
    return plainText(raw)
      .split('\n')
      .map((line) => line.trimEnd())
      .filter(Boolean)
      .slice(-count)
  } catch {
    return []
  }
}

/** Takes the headers out of a log stream: 8 bytes before each piece, the last four its size (Docker Engine API, "attach"). */
function plainText(raw: Buffer): string {
  let text = ''
  for (let at = 0; at + 8 <= raw.length;) {
    const size = raw.readUInt32BE(at + 4)
    text += raw.toString('utf8', at + 8, at + 8 + size)
    at += 8 + size
  }
  return text
}

async function runToEnd(container: Container, stdin: string | undefined): Promise<ToolRun> {
  const ended = container.wait({ condition: 'next-exit' }) as Promise<{ StatusCode: number }>
  ended.catch(() => {})
  if (stdin !== undefined) {
    const stream = await container.attach({ stream: true, stdin: true, hijack: true })
    await container.start()
    stream.end(stdin)
  } else await container.start()
  const { StatusCode } = await ended
  const read = async (which: object) => plainText(await container.logs({ ...which, follow: false }))
  const [stdout, stderr] = await Promise.all([read({ stdout: true }), read({ stderr: true })])
  return { exitCode: StatusCode, stdout, stderr }
}

/** It is already as it was to be made: 304 not modified, 409 not running; older engines say 500 to what is not paused. */
function ignoreStopped(error: Error & { statusCode?: number }): void {
  const { statusCode, message } = error
  if (statusCode !== 304 && statusCode !== 409 && !(statusCode === 500 && /is not paused/.test(message))) throw error
}

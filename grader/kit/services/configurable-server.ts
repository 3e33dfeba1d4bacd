import { freePort } from '../../solution/free-port.ts'
import { type Connection, openConnection } from '../connection.ts'
import { context } from '../context.ts'
import { type HttpMethods, httpMethods } from '../http-client.ts'
import type { Closers } from './service-handle.ts'
import { solutionFiles } from './solution-files.ts'
import { readableServerLog, startForTest, testService } from './test-service.ts'

/** HTTP to one port of a server. */
export interface HttpTarget extends HttpMethods {
  url: string
  host: string
  port: number
  connect(): Promise<Connection>
}

/** A real server that runs the solution's configuration. */
export interface RunningServer extends HttpTarget {
  /** The further ports by name. */
  readonly ports: Record<string, number>
  /** The same client for another port of it. */
  at(port: number): HttpTarget
  /** Its last lines of log. */
  log(): Promise<string[]>
  /** Loads the configuration anew, with other values if given; requests that are being answered are not lost. */
  reload(options?: { env?: Record<string, string> }): Promise<void>
  stop(): Promise<void>
  pause(): Promise<void>
  resume(): Promise<void>
}

export interface ConfigurableServer {
  readonly driver: 'docker' | 'native' | 'embedded'
  readonly version: string
  /** `host:port` under which the server reaches a port of this machine. */
  reach(port: number): string
  /**
   * Starts the server with the solution's files.
   * @param options.env values for `${NAME}` in them; `PORT` is always given
   * @param options.ports names of further ports, found and given in the same way
   * @throws SolutionFailure when the server does not accept the configuration
   */
  start(options?: { env?: Record<string, string>; ports?: string[] }): Promise<RunningServer>
}

/** How a kind of server takes its configuration. */
interface Kind {
  id: 'nginx' | 'haproxy'
  /** The solution's files with the values in them. */
  configure(files: Record<string, string>, env: Record<string, string>): Record<string, string>
  /** What makes it load its configuration anew. */
  reloadSignal: NodeJS.Signals
}

/** `${NAME}` is replaced in every .conf file, as the official image does with its templates; other names stay. */
export const nginxKind: Kind = {
  id: 'nginx',
  configure: (files, env) =>
    Object.fromEntries(
      Object.entries(files).map(([name, text]) => [
        name,
        name.endsWith('.conf')
          ? text.replaceAll(/\$\{([A-Z][A-Z0-9_]*)\}/g, (whole, key: string) => env[key] ?? whole)
          : text,
      ]),
    ),
  reloadSignal: 'SIGHUP',
}

/** HAProxy reads its environment itself; a first file sets it, so that a reload can change it. */
export const haproxyKind: Kind = {
  id: 'haproxy',
  configure: (files, env) => ({
    ...files,
    'environment.cfg': `global\n${Object.entries(env)
      .map(([name, value]) => `    setenv ${name} "${value.replaceAll(/["\\$]/g, String.raw`\$&`)}"\n`)
      .join('')}`,
  }),
  reloadSignal: 'SIGUSR2',
}

export function useConfigurableServer(kind: Kind, closers: Closers): ConfigurableServer {
  const service = testService(kind.id)
  const { driver, version, definition } = service
  return {
    driver: driver.id,
    version,
    reach: (port) => service.reach(port),
    async start({ env = {}, ports: names = [] } = {}) {
      const ports = { main: await freePort() } as Record<string, number> & { main: number }
      for (const name of names) ports[name] = await freePort()
      let values: Record<string, string> = {
        ...env,
        PORT: String(ports.main),
        ...Object.fromEntries(names.map((name) => [name, String(ports[name])])),
      }
      const server = await startForTest(service, {
        asked: `start ${definition.name} with your configuration`,
        files: kind.configure(solutionFiles(), values),
        ports,
        closers,
      })
      context().evidence.add(async () => ({ log: readableServerLog(await server.log()).slice(-8) }))
      return {
        ...httpTarget(ports.main),
        ports,
        at: httpTarget,
        log: async () => readableServerLog(await server.log()),
        async reload(options) {
          values = { ...values, ...options?.env }
          await server.write(kind.configure(solutionFiles(), values))
          await server.signal(kind.reloadSignal)
        },
        stop: () => server.stop(),
        pause: () => server.pause(),
        resume: () => server.resume(),
      }
    },
  }
}

function httpTarget(port: number): HttpTarget {
  const target = { host: '127.0.0.1', port }
  return {
    ...target,
    url: `http://127.0.0.1:${port}`,
    ...httpMethods(target),
    connect: () => openConnection(target),
  }
}

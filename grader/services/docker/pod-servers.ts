import * as z from 'zod'
import type { RunScope } from '../../solution/run-scope.ts'
import { UserError } from '../../user-error.ts'
import { type ServiceId, services } from '../index.ts'
import type { Server, ServiceSettings } from '../server.ts'
import type { ServiceDefinition } from '../service.ts'
import { docker, imageOf } from './docker-driver.ts'

/** Servers for those in a pod, who can't start any. */
export interface PodServers extends AsyncDisposable {
  /**
   * Does what was asked for from inside. A pod talks to hostile code, so whatever it says is looked at.
   * @throws UserError
   */
  answer(method: string, value: unknown): Promise<unknown>
}

interface PodServersRequest {
  /** The exercise's own: nothing else is started. */
  ids: readonly string[]
  settings: ServiceSettings
  scope: RunScope
  /** The container whose network they share. */
  network: string
  signal: AbortSignal
}

const port = z.int().min(1).max(65_535)
/** A path inside of a folder. */
const path = z
  .string()
  .max(1024)
  .refine((text) => !text.includes('\0') && text.split('/').every((part) => !['', '.', '..'].includes(part)))
const texts = z.record(path, z.string().max(2 ** 21))
const startSchema = z.strictObject({
  service: z.string(),
  ports: z.record(z.string().max(40), port).and(z.object({ main: port })),
  files: texts.optional(),
  advertisedPort: port.optional(),
})
const toolSchema = z.strictObject({
  service: z.string(),
  command: z.array(z.string()).min(1).max(40),
  files: texts,
  stdin: z.string().max(1_000_000).optional(),
})
const methods = ['failure', 'log', 'stop', 'start', 'pause', 'resume', 'signal', 'write', 'end'] as const
const serverSchema = z.strictObject({ server: z.int(), method: z.enum(methods), value: z.unknown().optional() })
const signals = z.enum(['SIGHUP', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGKILL'])

/** Only somebody who speaks for the worker asks for anything else. */
function explain(error: unknown): never {
  if (!(error instanceof z.ZodError)) throw error
  const where = error.issues.map((issue) => issue.path.join('.')).join(', ')
  throw new UserError('usage', `A server was asked for in a way that is not allowed (${where.slice(0, 200)}).`)
}

/** More are never started for one solution at once. */
const mostServers = 8

export function openPodServers({ ids, settings, scope, network, signal }: PodServersRequest): PodServers {
  const open = new Map<number, Server>()
  let count = 0
  const definitionOf = (id: string): ServiceDefinition => {
    if (!ids.includes(id)) throw new UserError('usage', `This exercise has no service ${JSON.stringify(id)}.`)
    return services[id as ServiceId]
  }
  const answers: Record<string, (value: unknown) => Promise<unknown>> = {
    image: async (value) =>
      imageOf(definitionOf(z.strictObject({ service: z.string() }).parse(value).service), settings),
    async start(value) {
      const { service, ports, files, advertisedPort } = startSchema.parse(value)
      if (open.size >= mostServers) throw new UserError('environment', 'Too many servers were asked for.')
      const definition = definitionOf(service)
      const server = await docker.start({
        definition,
        settings,
        scope,
        signal,
        network,
        ports,
        ...(files ? { files } : {}),
        ...(advertisedPort === undefined ? {} : { advertisedPort }),
      })
      open.set(++count, server)
      return { server: count, version: server.version }
    },
    async server(value) {
      const { server: id, method, value: given } = serverSchema.parse(value)
      const server = open.get(id)
      if (!server) throw new UserError('usage', 'There is no such server.')
      if (method === 'end') {
        open.delete(id)
        return server[Symbol.asyncDispose]()
      }
      if (method === 'signal') return server.signal(signals.parse(given))
      if (method === 'write') return server.write(texts.parse(given))
      return server[method]()
    },
    async tool(value) {
      const { service, stdin, ...rest } = toolSchema.parse(value)
      const definition = definitionOf(service)
      return docker.runTool({ definition, settings, scope, signal, ...rest, ...(stdin === undefined ? {} : { stdin }) })
    },
  }
  return {
    answer(method, value) {
      const answer = Object.hasOwn(answers, method) ? answers[method] : undefined
      return answer
        ? answer(value).catch(explain)
        : Promise.reject(new UserError('usage', 'It was asked for something unknown.'))
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([...open.values()].map((server) => server[Symbol.asyncDispose]()))
    },
  }
}

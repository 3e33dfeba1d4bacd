import type { Ports, ServiceDefinition } from './service.ts'
import type { RunScope } from '../solution/run-scope.ts'

export type DriverId = 'docker' | 'native' | 'embedded'

/** How services are chosen and started. Plain data: it travels to other processes. */
export interface ServiceSettings {
  driver: DriverId | 'auto'
  /** Images to use instead of the definitions' own, by service. */
  images: Record<string, string>
  /** The folder for what is worth keeping between runs: templates, fetched servers. */
  cache: string
  /** Milliseconds that a slow service stays up after its last use; 0: it ends with the run. */
  keepWarm: number
  /** Warm services are shared only within a group; a whole check of a course is one. */
  group?: string
  /** Servers are started by whoever opened the pod that this process is in. */
  outside?: true
  /** Where Docker is looked for, and programs: the variables of the user's environment. */
  hostEnvironment: Record<string, string | undefined>
}

/** What a server is started with. */
export interface StartRequest {
  definition: ServiceDefinition
  settings: ServiceSettings
  scope: RunScope
  /** Text files for its folder, by name. */
  files?: Record<string, string>
  /** Ports to listen on that were chosen already, because a configuration names them; others are found. */
  ports?: Ports
  /** The port at which the solution will reach it, when it is not the server's own. */
  advertisedPort?: number
  /** The container whose network it shares. Nobody out here can reach it then, so it is not waited for. */
  network?: string
  signal: AbortSignal
  onProgress?: ((text: string) => void) | undefined
}

/** A started server. Disposing of it leaves nothing behind. */
export interface Server extends AsyncDisposable {
  service: string
  driver: DriverId
  version: string
  host: string
  /** As they are now: a container may get others when it is started again. */
  readonly ports: Ports
  /** Why it is not running although it should be, with its last words; undefined when all is well. */
  failure(): Promise<string | undefined>
  /** Its last lines of log. */
  log(): Promise<string[]>
  /** As `kill -9` would. */
  stop(): Promise<void>
  /** With the data that it had, if it keeps any; resolves when it is ready. */
  start(): Promise<void>
  pause(): Promise<void>
  resume(): Promise<void>
  /** To its main process. */
  signal(name: NodeJS.Signals): Promise<void>
  /** Replaces files in its folder. */
  write(files: Record<string, string>): Promise<void>
  /** Makes it empty. */
  reset(): Promise<void>
}

/** Whether a service can be had by a driver. */
export type Availability = { ok: true; version: string } | { ok: false; reason: string; remedy?: string }

/** A tool's run in the surroundings of a service. */
export interface ToolRun {
  exitCode: number | null
  stdout: string
  stderr: string
}

/** A way to start servers. */
export interface ServiceDriver {
  id: DriverId
  /** Cheap: looks, but starts and fetches nothing. */
  available(definition: ServiceDefinition, settings: ServiceSettings): Promise<Availability>
  /** How its servers reach a port of this machine. */
  reach(settings: ServiceSettings): Promise<(port: number) => string>
  /** Fetches what is needed for a quick start (an image, a package). @throws UserError `environment` */
  prepare?(request: Omit<StartRequest, 'files'>): Promise<void>
  /** @throws UserError `environment` when it does not come up, with its last lines of log */
  start(request: StartRequest): Promise<Server>
  /** Runs a program that comes with the service, in a folder with these files. */
  runTool(request: ToolRequest): Promise<ToolRun>
}

interface ToolRequest extends Omit<StartRequest, 'ports' | 'advertisedPort'> {
  /** The program's name and its arguments. */
  command: string[]
  stdin?: string
}

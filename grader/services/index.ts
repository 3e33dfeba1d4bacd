/** A real dependency that an exercise needs (a database, a broker ...), and how to know that it is ready. */
export interface ServiceDefinition {
  id: string
  /** Container image with its tag, for the docker driver. */
  image: string
  /** The ports that the server listens on inside its container. */
  ports: number[]
  /** Environment for the solution, from where the service can be reached. */
  environment(address: { host: string; port: number }): Record<string, string>
  /** Resolves when a real request was answered; rejects when `signal` aborts. */
  ready(address: { host: string; port: number }, signal: AbortSignal): Promise<void>
}

/** How services are started. */
interface ServiceDriver {
  id: string
  start(service: ServiceDefinition, signal: AbortSignal): Promise<RunningService>
}

/** A started service; disposing of it leaves nothing behind. */
interface RunningService extends AsyncDisposable {
  service: string
  driver: string
  version: string
  host: string
  port: number
}

/** Every service that an exercise can name, by its id. None of the present exercises needs one. */
export const services: Record<string, ServiceDefinition> = {}

/**
 * Every driver, in the order in which `auto` tries them.
 * @public
 */
export const drivers: Record<string, ServiceDriver> = {}

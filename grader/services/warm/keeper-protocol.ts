import type { DriverId, ServiceSettings } from '../server.ts'
import type { Ports } from '../service.ts'

/** What a keeper is asked, one JSON object a line. */
export interface KeeperRequest {
  id: number
  op: 'lease' | 'status' | 'down' | 'stop' | 'start' | 'pause' | 'resume' | 'reset' | 'log' | 'failure'
}

/** The server that a keeper holds. */
export interface KeptServer {
  service: string
  driver: DriverId
  version: string
  host: string
  ports: Ports
  advertisedPort?: number
}

export interface KeeperStatus extends Partial<KeptServer> {
  service: string
  group?: string
  pid: number
  leased: boolean
  /** Until it ends by itself; absent while it is leased, or when it stays until it is told to go. */
  idleSeconds?: number
}

/** What it answers: to the request with that id, or in between how far it is. */
export type KeeperAnswer =
  | { id: number; value: unknown }
  | { id: number; busy: true }
  | { id: number; error: { message: string; code?: string; remedy?: string } }
  | { progress: string }

/** What a keeper is started with, as its only argument in JSON. */
export interface KeeperOrder {
  service: string
  socket: string
  /** Milliseconds without a lease after which it ends; absent: only when it is told to. */
  idle?: number
  settings: ServiceSettings
}

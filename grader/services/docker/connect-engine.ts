import type Docker from 'dockerode'
import { UserError } from '../../user-error.ts'
import type { ServiceSettings } from '../server.ts'
import type { EngineAddress } from './engine-address.ts'
import { findEngine } from './find-engine.ts'

export interface Engine {
  docker: Docker
  address: EngineAddress
  /** Its containers can use this machine's own network: it runs here, not in a virtual machine or far away. */
  sharesNetwork: boolean
  /** Of the control groups of its machine. */
  cgroupVersion: 1 | 2
}

const known = new Map<string, Promise<Engine>>()

/** Connects to the engine that answers. @throws UserError `environment` when none does */
export async function connectEngine(settings: Pick<ServiceSettings, 'hostEnvironment'>): Promise<Engine> {
  const found = await findEngine(settings)
  if ('reason' in found)
    throw new UserError('environment', `Docker can't be used: ${found.reason}.`, { remedy: found.remedy })
  const { address } = found
  let engine = known.get(address.name)
  if (!engine) {
    engine = open(address)
    known.set(address.name, engine)
    engine.catch(() => known.delete(address.name))
  }
  return engine
}

async function open(address: EngineAddress): Promise<Engine> {
  const { default: Dockerode } = await import('dockerode')
  const { socketPath, host, port, tls } = address
  const docker = socketPath
    ? new Dockerode({ socketPath })
    : new Dockerode({ host: host as string, port: port as number, protocol: tls ? 'https' : 'http', ...tls })
  const info = (await docker.info()) as { OperatingSystem?: string; CgroupVersion?: string }
  // Docker Desktop and its like run the engine in a virtual machine; their names say so.
  const virtual = /desktop|orbstack|colima|rancher|podman machine/i.test(info.OperatingSystem ?? '')
  return {
    docker,
    address,
    sharesNetwork: socketPath !== undefined && process.platform === 'linux' && !virtual,
    cgroupVersion: info.CgroupVersion === '2' ? 2 : 1,
  }
}

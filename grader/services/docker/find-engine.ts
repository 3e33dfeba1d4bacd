import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { ServiceSettings } from '../server.ts'
import { type EngineAddress, engineAddresses } from './engine-address.ts'

/** Milliseconds for an engine to say that it is there. */
const patience = 2000

export interface FoundEngine {
  address: EngineAddress
  version: string
}

export interface NoEngine {
  reason: string
  remedy: string
}

/** The first engine that answers, or why none does. */
export async function findEngine(settings: Pick<ServiceSettings, 'hostEnvironment'>): Promise<FoundEngine | NoEngine> {
  const addresses = engineAddresses(settings)
  let best: NoEngine | undefined
  for (const address of addresses) {
    if ('reason' in address) {
      best ??= { reason: `${address.name}: ${address.reason}`, remedy: address.remedy }
      continue
    }
    try {
      return { address, version: await ping(address) }
    } catch (error) {
      best ??= explainSilence(address, error as NodeJS.ErrnoException)
    }
  }
  return (
    best ?? {
      reason: 'no Docker engine was found (DOCKER_HOST is not set, and there is no socket)',
      remedy:
        process.platform === 'darwin'
          ? 'Start Docker Desktop, OrbStack or Colima (https://docs.docker.com/desktop/)'
          : 'Install Docker Engine (https://docs.docker.com/engine/install/), then type: sudo systemctl start docker',
    }
  )
}

function explainSilence({ name, socketPath }: EngineAddress, error: NodeJS.ErrnoException): NoEngine {
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return {
      reason: `the Docker socket ${socketPath ?? name} may not be used by this user (${error.code})`,
      remedy:
        'Type: sudo usermod -aG docker "$USER"  and log in again; or use a rootless engine: dockerd-rootless-setuptool.sh install',
    }
  }
  if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') {
    return {
      reason: `no Docker engine answers at ${name} (${error.code})`,
      remedy:
        process.platform === 'darwin' ? 'Start Docker Desktop: open -a Docker' : 'Type: sudo systemctl start docker',
    }
  }
  return {
    reason: `the Docker engine at ${name} does not answer: ${error.message}`,
    remedy: 'Look at it with: docker info  (and at DOCKER_HOST, if it is set)',
  }
}

/** One `GET /version`, without loading a client. */
function ping(address: EngineAddress): Promise<string> {
  return new Promise((resolve, reject) => {
    const { socketPath, host, port, tls } = address
    const options = {
      path: '/version',
      timeout: patience,
      agent: false as const,
      // With TLS the header would be taken for the name in the certificate.
      ...(socketPath ? { socketPath, headers: { host: 'docker' } } : { host, port }),
    }
    const asked = tls ? httpsRequest({ ...options, ...tls }) : httpRequest(options)
    asked.once('response', (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => (text += part))
      answer.once('end', () => {
        try {
          const { Version } = JSON.parse(text)
          if (answer.statusCode !== 200 || typeof Version !== 'string')
            throw new Error(`it answered ${text.slice(0, 80)}`)
          resolve(Version)
        } catch (error) {
          reject(error)
        }
      })
      answer.once('error', reject)
    })
    asked.once('timeout', () => asked.destroy(new Error(`no answer within ${patience} ms`)))
    asked.once('error', reject)
    asked.end()
  })
}

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServiceSettings } from '../server.ts'

/** How to reach a Docker engine. */
export interface EngineAddress {
  /** As a person would write it, e.g. `unix:///var/run/docker.sock`. */
  name: string
  socketPath?: string
  host?: string
  port?: number
  /** PEM texts. */
  tls?: { ca: string; cert: string; key: string }
}

/** What can be said about a `DOCKER_HOST` that we can't use. */
export interface UnusableAddress {
  name: string
  reason: string
  remedy: string
}

/**
 * Where a Docker engine may answer, the most likely first: `DOCKER_HOST` alone when it is set, else the current
 * context of the docker command line, the default socket, and those of rootless engines and of Desktop products.
 */
export function engineAddresses({
  hostEnvironment: env,
}: Pick<ServiceSettings, 'hostEnvironment'>): (EngineAddress | UnusableAddress)[] {
  const chosen = env['DOCKER_HOST']
  if (chosen) return [parse(chosen, env)]
  const home = env['HOME'] ?? '/'
  const runtime = env['XDG_RUNTIME_DIR']
  const context = currentContext(env['DOCKER_CONFIG'] ?? join(home, '.docker'), env)
  const sockets = [
    '/var/run/docker.sock',
    ...(runtime ? [join(runtime, 'docker.sock')] : []),
    join(home, '.docker/run/docker.sock'),
    join(home, '.docker/desktop/docker.sock'),
    join(home, '.orbstack/run/docker.sock'),
    join(home, '.colima/default/docker.sock'),
    join(home, '.rd/docker.sock'),
    ...(runtime ? [join(runtime, 'podman/podman.sock')] : []),
  ]
  const found = sockets.filter(existsSync).map((socketPath) => ({ name: `unix://${socketPath}`, socketPath }))
  return [...(context ? [context] : []), ...found.filter(({ name }) => name !== context?.name)]
}

/** Reads a `DOCKER_HOST` (docker's manual, "Environment variables"). */
function parse(text: string, env: Record<string, string | undefined>): EngineAddress | UnusableAddress {
  const socketPath = /^unix:\/\/(.+)$/.exec(text)?.[1] ?? (text.startsWith('/') ? text : undefined)
  if (socketPath) return { name: `unix://${socketPath}`, socketPath }
  const match = /^(tcp|https?):\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/.exec(text)
  if (!match) {
    return {
      name: text,
      reason: text.startsWith('ssh://') ? 'engines behind ssh can not be used' : 'it is no address of an engine',
      remedy: text.startsWith('ssh://')
        ? `Forward its socket and name that: ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock ${text.slice(6)} & export DOCKER_HOST=unix:///tmp/docker.sock`
        : 'Set DOCKER_HOST to unix:///path or tcp://host:port, or unset it',
    }
  }
  const [, scheme, host = '', port] = match
  const secure = scheme === 'https' || Boolean(env['DOCKER_TLS_VERIFY'])
  const address = { name: text, host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? (secure ? 2376 : 2375)) }
  if (!secure) return address
  const folder = env['DOCKER_CERT_PATH'] ?? join(env['HOME'] ?? '/', '.docker')
  try {
    const read = (file: string) => readFileSync(join(folder, file), 'utf8')
    return { ...address, tls: { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') } }
  } catch (error) {
    return {
      name: text,
      reason: `its certificates can't be read: ${(error as Error).message}`,
      remedy: 'Set DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem, or unset DOCKER_TLS_VERIFY',
    }
  }
}

/** The address of the docker command line's current context, when it is not the default one. */
function currentContext(folder: string, env: Record<string, string | undefined>): EngineAddress | undefined {
  try {
    const name = env['DOCKER_CONTEXT'] ?? JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')).currentContext
    if (typeof name !== 'string' || name === '' || name === 'default') return undefined
    const id = createHash('sha256').update(name).digest('hex')
    const meta = JSON.parse(readFileSync(join(folder, 'contexts/meta', id, 'meta.json'), 'utf8'))
    const address = parse(String(meta.Endpoints?.docker?.Host ?? ''), {})
    return 'reason' in address ? undefined : address
  } catch {
    return undefined
  }
}

import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { Container, ContainerCreateOptions } from 'dockerode'
import { ownPackage } from '../../package-root.ts'
import type { Engine } from '../../services/docker/connect-engine.ts'
import { explainEngineError } from '../../services/docker/explain-engine-error.ts'
import { announce, ownLabels, remove } from '../../services/docker/own-containers.ts'
import { openPodServers } from '../../services/docker/pod-servers.ts'
import { within } from '../../solution/within.ts'
import { type Limits, mostFiles } from '../isolation.ts'
import { describeLimits } from '../limit-words.ts'
import type { Pod, PodProcess, PodRequest } from '../pod.ts'
import { toolPlaces } from '../tools.ts'
import { unusedUid } from '../unused-uid.ts'

/** Where the grader, the tests and the course lie in the container: closed to the user that solutions run as. */
const closed = '/grader'
const room = '/pod/room'
const solutionFolder = '/solution'

/** MiB that the grader itself may use beside the solution, and processes and threads. */
const own = { memory: 512, processes: 64 }

/** What root keeps in the container: to become the solution's user. */
const capabilities = ['SETUID', 'SETGID', 'SETPCAP']

/**
 * Opens a pod: a container without a network, with a root that can't be written, and without rights. The grader's files
 * are in a folder that only root and one group may enter; a solution is neither.
 */
export async function openPod(
  request: PodRequest,
  { engine, image, name, images, hostEnvironment }: DockerPods,
): Promise<Pod> {
  const { limits, scope } = request
  const uid = unusedUid()
  const gid = uid + 1000
  const version = engine.cgroupVersion
  const group = (controller: string) => (version === 2 ? '/sys/fs/cgroup' : `/sys/fs/cgroup/${controller}`)
  let container: Container | undefined
  return {
    folder: `${closed}/tmp`,
    worker: ['node', join(closed, ownPackage().root, 'dist/worker.js')],
    inside: (path) => join(closed, path),
    solution: solutionFolder,
    settings: {
      id: 'docker',
      description: {
        id: 'docker',
        mechanism: `${name}, image ${image}, as an unused user, without a network`,
        limits: describe(limits, version),
      },
      limits,
      room,
      user: { uid, gid },
      groups: { version, memory: group('memory'), pids: group('pids') },
    },
    servers: (ids, signal) => {
      if (!container) throw new Error('servers share the network of a pod that runs')
      const settings = { driver: 'docker' as const, images, cache: '', keepWarm: 0, hostEnvironment }
      return openPodServers({ ids, settings, scope, network: `container:${container.id}`, signal })
    },
    async run(command, env) {
      const options = containerOptions({ request, command, env, image, uid, gid })
      try {
        await announce(engine, scope)
        container = await engine.docker.createContainer(options)
        return await start(container)
      } catch (error) {
        throw explainEngineError(error, `open a pod (${image})`, engine.address)
      }
    },
    async [Symbol.asyncDispose]() {
      if (container) await remove(container)
    },
  }
}

/** What pods of Docker are made with. */
export interface DockerPods {
  /** Of services, instead of the usual ones. */
  images: Record<string, string>
  hostEnvironment: Record<string, string | undefined>
  engine: Engine
  image: string
  /** E.g. `Docker 28.2`. */
  name: string
}

interface ContainerRequest {
  request: PodRequest
  command: string[]
  env: Record<string, string>
  image: string
  uid: number
  gid: number
}

function containerOptions({ request, command, env, image, uid, gid }: ContainerRequest): ContainerCreateOptions {
  const { limits, scope, readable, solution, packages } = request
  const { root } = ownPackage()
  const memory = (limits.memory_mb + own.memory) * 2 ** 20
  const mounts = [
    ...[root, ...readable].map((path) => [path, join(closed, path)]),
    [solution, solutionFolder],
    ...(packages ? [[packages, '/node_modules']] : []),
    ...toolPlaces(),
  ] as [from: string, to: string][]
  return {
    Image: image,
    Entrypoint: [],
    // A shell as the first process collects what daemons leave.
    Cmd: ['/bin/sh', '-c', 'exec 3<&0; "$@" <&3 3<&- & wait $!', 'pod', ...command],
    Env: Object.entries({ ...env, PATH: imagePath }).map(([key, value]) => `${key}=${value}`),
    User: '0:0',
    WorkingDir: '/',
    Hostname: 'pod',
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Labels: ownLabels(scope),
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: capabilities,
      SecurityOpt: ['no-new-privileges'],
      Memory: memory,
      // The same: no swap on top of it.
      MemorySwap: memory,
      PidsLimit: limits.processes + own.processes,
      ShmSize: 64 * 2 ** 20,
      IpcMode: 'private',
      LogConfig: { Type: 'none', Config: {} },
      Mounts: mounts.map(([Source, Target]) => ({ Type: 'bind', Source, Target, ReadOnly: true })),
      Tmpfs: {
        '/tmp': 'rw,exec,nosuid,nodev,size=64m,mode=1777',
        [closed]: `rw,nosuid,nodev,size=1m,mode=0750,uid=0,gid=${gid}`,
        [`${closed}/tmp`]: `rw,exec,nosuid,nodev,size=1024m,mode=0770,uid=0,gid=${gid}`,
        [room]: `rw,exec,nosuid,nodev,size=${limits.disk_mb}m,nr_inodes=${mostFiles},mode=0755,uid=${uid},gid=${uid}`,
      },
    },
  }
}

const imagePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

async function start(container: Container): Promise<PodProcess> {
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true })
  const output = new PassThrough()
  const errors = new PassThrough()
  ;(container as Container & { modem: Demultiplexer }).modem.demuxStream(stream, output, errors)
  let said = ''
  errors.on('data', (bytes: Buffer) => (said = (said + bytes.toString('utf8')).slice(-8000)))
  stream.on('error', () => {})
  const ended = container.wait({ condition: 'next-exit' }) as Promise<{ StatusCode: number }>
  const exited = ended.then(
    ({ StatusCode }) => ({ code: StatusCode, signal: null }),
    (error: Error) => {
      said += error.message
      return { code: null, signal: 'the engine' }
    },
  )
  await container.start()
  return {
    input: stream as unknown as PodProcess['input'],
    output,
    said: () => said,
    exited,
    async end() {
      await within(remove(container), 5000)
      stream.removeAllListeners('data')
      ;(stream as unknown as { destroy(): void }).destroy()
    },
  }
}

interface Demultiplexer {
  demuxStream(stream: NodeJS.ReadWriteStream, output: NodeJS.WritableStream, errors: NodeJS.WritableStream): void
}

function describe(limits: Limits, version: 1 | 2): string[] {
  return [
    `memory ${limits.memory_mb} MiB and ${own.memory} for the grader (cgroup v${version}, the container's)`,
    `processes and threads ${limits.processes} (prlimit, for the user)`,
    ...describeLimits(limits),
  ]
}

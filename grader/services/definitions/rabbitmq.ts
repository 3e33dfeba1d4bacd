import { randomBytes } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { talk } from '../probe.ts'
import { recreateVirtualHost } from '../rabbitmq-management.ts'
import type { Layout, ServiceDefinition } from '../service.ts'

const configuration = ({ bind, ports }: Layout) =>
  `listeners.tcp.1 = ${bind}:${ports.main}
management.tcp.ip = ${bind}
management.tcp.port = ${ports['management']}
vm_memory_high_watermark.absolute = 512MB
disk_free_limit.absolute = 1MB
heartbeat = 10
`

export const rabbitmq: ServiceDefinition = {
  id: 'rabbitmq',
  name: 'RabbitMQ',
  startedBy: 'run',
  slow: true,
  native: {
    // Debian's wrapper in /usr/sbin insists on being root and on a user of its own.
    programs: ['rabbitmq-server'],
    places: [
      '/usr/lib/rabbitmq/bin',
      '/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin',
      '/opt/homebrew/opt/rabbitmq/sbin',
      '/usr/local/opt/rabbitmq/sbin',
    ],
    placesFirst: true,
    version: { pattern: /rabbitmq_server-(\d+(?:\.\d+)*)/ },
    packages: {
      apt: 'rabbitmq-server',
      dnf: 'rabbitmq-server',
      apk: 'rabbitmq-server',
      pacman: 'rabbitmq',
      brew: 'rabbitmq',
    },
    ports: ['dist', 'epmd'],
    async prepare(layout) {
      const { folder } = layout
      await mkdir(join(folder, 'home'), { recursive: true })
      await writeFile(join(folder, 'rabbitmq.conf'), configuration(layout))
      await writeFile(join(folder, 'enabled_plugins'), '[rabbitmq_management].\n')
      const cookie = join(folder, 'home/.erlang.cookie')
      await writeFile(cookie, randomBytes(16).toString('hex'))
      await chmod(cookie, 0o400)
    },
    command: ({ folder, ports }) => ({
      args: [],
      env: {
        HOME: join(folder, 'home'),
        RABBITMQ_NODENAME: `learn${ports.main}@localhost`,
        RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
        RABBITMQ_CONF_ENV_FILE: join(folder, 'no-environment'),
        RABBITMQ_DIST_PORT: String(ports['dist']),
        ERL_EPMD_PORT: String(ports['epmd']),
        ERL_EPMD_ADDRESS: '127.0.0.1',
        RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
        RABBITMQ_LOG_BASE: join(folder, 'log'),
        RABBITMQ_LOGS: '-',
        RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
        RABBITMQ_PID_FILE: join(folder, 'pid'),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1 +sbwt none',
      },
    }),
  },
  container: {
    image: 'rabbitmq:4-management-alpine',
    ports: { main: 5672, management: 15_672 },
    env: () => ({ RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1 +sbwt none' }),
    memory: 1024,
  },
  environment: ({ host, port }) => ({ AMQP_URL: `amqp://guest:guest@${host}:${port}/%2f` }),
  // AMQP 0-9-1: a server answers the protocol header with Connection.Start, a method frame (type 1).
  ready: (address, signal) =>
    talk(
      address,
      'AMQP\x00\x00\x09\x01',
      (answer) => {
        if (answer[0] !== 1) throw new Error('it does not speak AMQP 0-9-1')
        return answer.length >= 11
      },
      signal,
    ),
  reset: (host, ports) => recreateVirtualHost({ host, port: ports['management'] ?? 15_672 }, '/'),
}

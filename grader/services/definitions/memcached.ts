import { saysAndHears } from '../probe.ts'
import type { ServiceDefinition } from '../service.ts'

export const memcached: ServiceDefinition = {
  id: 'memcached',
  name: 'Memcached',
  startedBy: 'run',
  native: {
    programs: ['memcached'],
    version: { args: ['-V'], pattern: /memcached (\d+(?:\.\d+)*)/ },
    packages: { apt: 'memcached', dnf: 'memcached', apk: 'memcached', pacman: 'memcached', brew: 'memcached' },
    // It refuses to be root, but drops to a user that it is given.
    command: ({ bind, ports }) => ({
      args: ['-l', bind, '-p', String(ports.main), '-U', '0', '-t', '2', '-m', '64', '-u', 'nobody'],
    }),
  },
  container: {
    image: 'memcached:1-alpine',
    ports: { main: 11_211 },
    command: () => ['memcached', '-U', '0', '-t', '2', '-m', '64'],
    memory: 256,
  },
  resetsPerTest: true,
  dialect: 'memcached',
  environment: ({ host, port }) => ({ MEMCACHED_SERVERS: `${host}:${port}` }),
  ready: saysAndHears('version\r\n', 'VERSION '),
  reset: (host, { main }) => saysAndHears('flush_all\r\n', 'OK\r\n')({ host, port: main }, AbortSignal.timeout(2000)),
}

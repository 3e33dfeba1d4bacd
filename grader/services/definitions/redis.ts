import { connect } from 'node:net'
import { saysAndHears } from '../probe.ts'
import type { ServiceDefinition } from '../service.ts'

const options = ['--save', '', '--appendonly', 'no', '--protected-mode', 'no']

export const redis: ServiceDefinition = {
  id: 'redis',
  name: 'Redis',
  startedBy: 'run',
  native: {
    programs: ['redis-server', 'valkey-server'],
    version: { args: ['--version'], pattern: /v=(\d+(?:\.\d+)*)/ },
    packages: { apt: 'redis-server', dnf: 'redis', apk: 'redis', pacman: 'redis', brew: 'redis' },
    command: ({ folder, bind, ports }) => ({
      args: ['--port', String(ports.main), '--bind', bind, '--dir', folder, ...options],
    }),
  },
  container: {
    image: 'redis:8-alpine',
    ports: { main: 6379 },
    command: () => ['redis-server', ...options],
    memory: 256,
    tmpfs: ['/data'],
  },
  resetsPerTest: true,
  dialect: 'resp',
  environment: ({ host, port }) => ({ REDIS_URL: `redis://${host}:${port}` }),
  ready: saysAndHears('PING\r\n', '+PONG\r\n'),
  reset: (host, { main }) => flush(host, main),
}

/** Scripts and settings that a test may have left go as well. */
function flush(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: 2000 })
    let answer = ''
    socket.once('connect', () => socket.write('FLUSHALL\r\nSCRIPT FLUSH\r\n'))
    socket.on('data', (bytes) => {
      answer += bytes.toString('latin1')
      if (answer.split('\r\n').length < 3) return
      socket.destroy()
      if (answer === '+OK\r\n+OK\r\n') resolve()
      else reject(new Error(`Redis could not be emptied: ${answer.trim()}`))
    })
    socket.once('timeout', () => socket.destroy(new Error('Redis does not answer')))
    socket.once('error', reject)
  })
}

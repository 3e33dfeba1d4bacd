import { accepts } from '../probe.ts'
import type { ServiceDefinition } from '../service.ts'

// Master and worker: a signal to the master loads the configuration anew. The first file sets what the second reads
// as its environment, so that a reload can change it.
const args = (folder: string) => ['-W', '-db', '-f', `${folder}/environment.cfg`, '-f', `${folder}/haproxy.cfg`]

export const haproxy: ServiceDefinition = {
  id: 'haproxy',
  name: 'HAProxy',
  startedBy: 'test',
  callsBack: true,
  native: {
    programs: ['haproxy'],
    places: ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'],
    version: { args: ['-v'], pattern: /version (\d+(?:\.\d+)*)/ },
    logsToFile: true,
    packages: { apt: 'haproxy', dnf: 'haproxy', apk: 'haproxy', pacman: 'haproxy', brew: 'haproxy' },
    command: ({ folder }) => ({ args: args(folder) }),
  },
  container: {
    image: 'haproxy:lts-alpine',
    ports: { main: 8080 },
    command: ({ folder }) => ['haproxy', ...args(folder)],
    memory: 256,
  },
  environment: () => ({}),
  ready: accepts,
}

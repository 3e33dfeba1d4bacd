import { accepts } from '../probe.ts'
import type { ServiceDefinition } from '../service.ts'

const args = (folder: string) => ['-p', `${folder}/`, '-c', `${folder}/nginx.conf`, '-e', 'stderr']
const foreground = 'daemon off; pid nginx.pid;'
// Root's nginx would become somebody who may not pass through root's own folders to the files it needs.
const asRoot = process.getuid?.() === 0 ? ' user root;' : ''

export const nginx: ServiceDefinition = {
  id: 'nginx',
  name: 'nginx',
  startedBy: 'test',
  callsBack: true,
  native: {
    programs: ['nginx'],
    places: ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'],
    version: { args: ['-v'], pattern: /nginx\/(\d+(?:\.\d+)*)/ },
    logsToFile: true,
    packages: { apt: 'nginx-light', dnf: 'nginx', apk: 'nginx', pacman: 'nginx', brew: 'nginx' },
    command: ({ folder }) => ({ args: [...args(folder), '-g', foreground + asRoot] }),
  },
  container: {
    image: 'nginx:stable-alpine',
    ports: { main: 8080 },
    command: ({ folder }) => ['nginx', ...args(folder), '-g', foreground],
    memory: 256,
  },
  environment: () => ({}),
  ready: accepts,
}

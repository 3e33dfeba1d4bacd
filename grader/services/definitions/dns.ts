import { accepts } from '../probe.ts'
import type { ServiceDefinition } from '../service.ts'

export const dns: ServiceDefinition = {
  id: 'dns',
  name: 'dnsmasq',
  startedBy: 'test',
  native: {
    programs: ['dnsmasq'],
    places: ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin'],
    version: { args: ['--version'], pattern: /version (\d+(?:\.\d+)*)/i },
    packages: { apt: 'dnsmasq-base', dnf: 'dnsmasq', apk: 'dnsmasq', pacman: 'dnsmasq', brew: 'dnsmasq' },
    // Not the machine's own resolvers and hosts: it knows what the test says, nothing else.
    command: ({ folder, bind, ports }) => ({
      args: ['-k', '-C', `${folder}/dnsmasq.conf`, '-p', String(ports.main), '-a', bind, '-z', '-R', '-h', '-x', ''],
    }),
  },
  container: {
    image: 'dockurr/dnsmasq:2.91',
    ports: { main: 53 },
    udp: true,
    entrypoint: ['dnsmasq'],
    command: ({ folder, ports }) => [
      '-k',
      '-C',
      `${folder}/dnsmasq.conf`,
      '-p',
      String(ports.main),
      '-R',
      '-h',
      '-x',
      '',
    ],
    memory: 64,
  },
  environment: ({ host, port }) => ({ DNS_UPSTREAM: `${host}:${port}` }),
  // It opens UDP before TCP.
  ready: accepts,
}

import { talk } from '../probe.ts'
import type { Layout, ServiceDefinition } from '../service.ts'

const args = ({ folder, bind, ports }: Layout) => [
  `--config.file=${folder}/prometheus.yml`,
  `--storage.tsdb.path=${folder}/data`,
  `--web.listen-address=${bind}:${ports.main}`,
  '--log.level=warn',
]

export const prometheus: ServiceDefinition = {
  id: 'prometheus',
  name: 'Prometheus',
  startedBy: 'test',
  callsBack: true,
  native: {
    programs: ['prometheus'],
    places: ['/opt/prometheus', '/usr/local/bin'],
    version: { args: ['--version'], pattern: /version (\d+(?:\.\d+)*)/ },
    packages: {
      apt: 'prometheus',
      dnf: 'golang-github-prometheus',
      apk: 'prometheus',
      pacman: 'prometheus',
      brew: 'prometheus',
    },
    command: (layout) => ({ args: args(layout) }),
  },
  container: {
    image: 'prom/prometheus:v3.7.3',
    ports: { main: 9090 },
    // The image's entrypoint is the program itself.
    command: args,
    memory: 512,
  },
  environment: () => ({}),
  ready: (address, signal) =>
    talk(
      address,
      `GET /-/ready HTTP/1.1\r\nhost: ${address.host}\r\nconnection: close\r\n\r\n`,
      (answer) => {
        if (answer.length < 12) return false
        const line = answer.toString('latin1', 0, 12)
        if (line !== 'HTTP/1.1 200') throw new Error(`it answered ${line}`)
        return true
      },
      signal,
    ),
}

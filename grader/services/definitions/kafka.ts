import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { connectKafka } from '../kafka-client.ts'
import type { Layout, ServiceDefinition } from '../service.ts'

/**
 * A broker sends its clients on to the address that it advertises. Two listeners: one for the solution, advertised as
 * the recording link in front of it, and one for the tests' own clients.
 */
const properties = ({ bind, ports, published, advertised, folder }: Layout): Record<string, string> => ({
  'node.id': '1',
  'process.roles': 'broker,controller',
  'controller.quorum.voters': `1@127.0.0.1:${ports['controller']}`,
  'controller.listener.names': 'CONTROLLER',
  listeners: `LINK://${bind}:${ports.main},DIRECT://${bind}:${ports['direct']},CONTROLLER://127.0.0.1:${ports['controller']}`,
  'advertised.listeners': `LINK://${advertised.host}:${advertised.port},DIRECT://${advertised.host}:${published['direct']}`,
  'listener.security.protocol.map': 'LINK:PLAINTEXT,DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name': 'DIRECT',
  'log.dirs': join(folder, 'logs'),
  'num.partitions': '3',
  'auto.create.topics.enable': 'true',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '5',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  // Tests of a dead member need not wait for the usual six seconds.
  'group.min.session.timeout.ms': '500',
})

const asText = (settings: Record<string, string>) =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')

/** A fixed one: a single node's cluster needs no other. */
const clusterId = 'MkU3OEVBNTcwNTJENDM2Qk'

export const kafka: ServiceDefinition = {
  id: 'kafka',
  name: 'Apache Kafka',
  startedBy: 'run',
  slow: true,
  native: {
    programs: ['kafka-server-start.sh', 'kafka-server-start'],
    places: ['/opt/kafka*/bin', '/usr/local/kafka*/bin', '/opt/homebrew/opt/kafka/bin', '/usr/local/opt/kafka/bin'],
    version: { args: ['--version'], pattern: /^(\d+(?:\.\d+)*(?: \(learn-backend.*\))?)/m },
    packages: { brew: 'kafka' },
    async prepare(layout, { program, run }) {
      const file = join(layout.folder, 'server.properties')
      await writeFile(file, asText(properties(layout)))
      const storage = join(dirname(program), program.endsWith('.sh') ? 'kafka-storage.sh' : 'kafka-storage')
      await run(storage, ['format', '-t', clusterId, '-c', file, '--ignore-formatted'])
    },
    command: ({ folder }) => ({
      args: [join(folder, 'server.properties')],
      env: { KAFKA_HEAP_OPTS: '-Xmx512M -Xms256M -XX:TieredStopAtLevel=1', LOG_DIR: join(folder, 'log') },
    }),
  },
  container: {
    image: 'apache/kafka:4.1.0',
    ports: { main: 9092, direct: 9094, controller: 9093 },
    advertises: true,
    // The image takes each setting as KAFKA_ and its name in capitals.
    env: (layout) => ({
      CLUSTER_ID: clusterId,
      KAFKA_HEAP_OPTS: '-Xmx512M -Xms256M',
      ...Object.fromEntries(
        Object.entries({ ...properties(layout), 'log.dirs': '/tmp/kafka-logs' }).map(([name, value]) => [
          `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`,
          value,
        ]),
      ),
    }),
    memory: 1280,
  },
  environment: ({ host, port }) => ({ KAFKA_BROKERS: `${host}:${port}` }),
  async ready({ host }, signal, ports) {
    await using client = await connectKafka({ host, port: ports['direct'] ?? ports.main })
    await client.admin(signal)
  },
  async reset(host, ports) {
    await using client = await connectKafka({ host, port: ports['direct'] ?? ports.main })
    const admin = await client.admin(AbortSignal.timeout(10_000))
    const topics = (await admin.listTopics()).filter((topic) => !topic.startsWith('__'))
    if (topics.length > 0) await admin.deleteTopics({ topics })
    const groups = (await admin.listGroups()).groups.map(({ groupId }) => groupId)
    // A group that still has members can't be deleted; its topics are gone, and tests use names of their own.
    if (groups.length > 0) await admin.deleteGroups(groups).catch(() => {})
  },
}

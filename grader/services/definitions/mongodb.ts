import { talk } from '../probe.ts'
import type { ServiceDefinition } from '../service.ts'

export const mongodb: ServiceDefinition = {
  id: 'mongodb',
  name: 'MongoDB',
  startedBy: 'run',
  native: {
    programs: ['mongod'],
    version: { args: ['--version'], pattern: /db version v(\d+(?:\.\d+)*(?: \(.+\))?)/ },
    // Its licence keeps it out of the distributions; Homebrew has a tap of its makers.
    packages: { brew: 'mongodb/brew/mongodb-community' },
    command: ({ folder, bind, ports }) => ({
      args: ['--port', String(ports.main), '--bind_ip', bind, '--dbpath', folder, '--quiet', '--nounixsocket'],
    }),
  },
  container: {
    image: 'mongo:8.0-noble',
    ports: { main: 27_017 },
    command: () => ['mongod', '--bind_ip', '0.0.0.0', '--quiet'],
    memory: 1024,
  },
  environment: ({ host, port }) => ({ MONGODB_URL: `mongodb://${host}:${port}/app` }),
  ready: (address, signal) => talk(address, helloMessage, isHelloAnswer, signal),
  async reset(host, { main }) {
    const { MongoClient } = await import('mongodb')
    await using client = new MongoClient(`mongodb://${host}:${main}/?directConnection=true`, {
      serverSelectionTimeoutMS: 3000,
    })
    const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true })
    const own = databases.filter(({ name }) => !['admin', 'config', 'local'].includes(name))
    await Promise.all(own.map(({ name }) => client.db(name).dropDatabase()))
  },
}

/** OP_MSG with `{hello: 1, $db: "admin"}` in BSON (MongoDB wire protocol). */
const helloMessage = (() => {
  const document = Buffer.concat([
    Buffer.from('\x10hello\0\x01\0\0\0', 'latin1'),
    Buffer.from('\x02$db\0\x06\0\0\0admin\0', 'latin1'),
    Buffer.from([0]),
  ])
  const size = Buffer.alloc(4)
  size.writeInt32LE(document.length + 4)
  const header = Buffer.alloc(21)
  header.writeInt32LE(21 + 4 + document.length, 0)
  header.writeInt32LE(1, 4)
  header.writeInt32LE(2013, 12)
  return Buffer.concat([header, size, document])
})()

function isHelloAnswer(answer: Buffer): boolean {
  if (answer.length < 16 || answer.length < answer.readInt32LE(0)) return false
  if (answer.includes('isWritablePrimary\0\x01', 0, 'latin1')) return true
  throw new Error('it is not yet writable')
}

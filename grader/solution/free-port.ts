import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below the ports that systems hand out by themselves (from 32768 on Linux, 49152 elsewhere), above the well-known. */
const range = { from: 10_240, to: 32_000 }

/**
 * A TCP port on 127.0.0.1 that nobody listens on. The system's own choice (port 0) would not do: until the solution
 * listens, and while it is restarted, the system may give the same port to any outgoing connection or other server.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(range.from, range.to)
    if (await isFree(port)) return port
  }
  throw new Error(`no free TCP port was found between ${range.from} and ${range.to}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

#!/usr/bin/env node
import { runCli } from './run-cli.ts'

const interrupt = new AbortController()
let interrupted: NodeJS.Signals | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The second one is impatience: what was started is cleaned up by the janitor.
    if (interrupted) process.exit(130)
    interrupted = signal
    interrupt.abort(new DOMException('interrupted', 'AbortError'))
  })
}
// A reader that goes away (`| head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(process.exitCode ?? 0)
  })
}

const exitCode = await runCli(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  now: () => new Date(),
  signal: interrupt.signal,
})
const flushed = (stream: NodeJS.WriteStream) => new Promise((resolve) => void stream.write('', resolve))
await Promise.all([flushed(process.stdout), flushed(process.stderr)])
// What is still waiting in this process waits for nothing: all that was started has been stopped. And Node's own
// clean-up at a natural end may never end (seen in 20.20: a socket that was reset while it was being shut down).
process.exit(interrupted ? { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[interrupted as 'SIGINT'] : exitCode)

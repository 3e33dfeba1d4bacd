/**
 * Run by the janitor when the grader is gone: removes the run's containers with their anonymous volumes. Small and
 * without a client library, because it must work at the worst of times.
 * Arguments: the run's id and its folder, in which `engine.json` says where the engine is.
 */
import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineAddress } from './engine-address.ts'
import { runLabel } from './labels.ts'

const [run = '', folder = ''] = process.argv.slice(2)
const address = JSON.parse(readFileSync(join(folder, 'engine.json'), 'utf8')) as EngineAddress

// A container may still be being made for the grader that died: look until nothing comes any more.
for (let quiet = 0, round = 0; quiet < 3 && round < 20; round++) {
  const filters = encodeURIComponent(JSON.stringify({ label: [`${runLabel}=${run}`] }))
  const containers = JSON.parse((await ask('GET', `/containers/json?all=true&filters=${filters}`)) || '[]') as {
    Id: string
  }[]
  quiet = containers.length === 0 ? quiet + 1 : 0
  await Promise.all(containers.map(({ Id }) => ask('DELETE', `/containers/${Id}?force=true&v=true`)))
  await sleep(150)
}

function ask(method: string, path: string): Promise<string> {
  const { socketPath, host, port, tls } = address
  return new Promise((resolve) => {
    const options = {
      method,
      path,
      timeout: 15_000,
      ...(socketPath ? { socketPath, headers: { host: 'docker' } } : { host, port }),
    }
    const asked = tls ? httpsRequest({ ...options, ...tls }) : httpRequest(options)
    asked.once('response', (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => (text += part))
      answer.once('end', () => resolve(text))
      answer.once('error', () => resolve(''))
    })
    asked.once('timeout', () => asked.destroy())
    // The engine may be gone as well; `services prune` is for that.
    asked.once('error', () => resolve(''))
    asked.end()
  })
}

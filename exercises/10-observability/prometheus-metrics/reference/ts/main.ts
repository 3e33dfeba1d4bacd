import { createServer, type ServerResponse } from 'node:http'
import { begin, beginAtZero, registry, tellVersion } from './metrics.ts'
import { findTemplate, type Reply, routes } from './shop.ts'

const port = Number(process.env.PORT ?? 3000)
/** Nginx's status for a client that went away before its answer was sent. */
const CLIENT_CLOSED_REQUEST = 499

tellVersion(process.env.APP_VERSION ?? 'unknown')
for (const { method, template, success } of routes) beginAtZero({ method, route: template, success })

const server = createServer((request, response) => {
  const { method = '', url = '' } = request
  const [path = '', query] = url.split('?')
  if (path === '/metrics') return void sendMetrics(response)

  const found = findTemplate(path)
  const end = begin({ method, route: found?.template })
  // 'close' comes exactly once, however the request ends; 'finish' comes only if the answer was sent.
  response.once('close', () => end(response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST))

  answer().then(
    (reply) => send(response, reply),
    (error) => {
      if (!response.destroyed) console.error(error)
      send(response, { status: 500, body: { error: 'something went wrong here' } })
    },
  )

  async function answer(): Promise<Reply> {
    if (found === undefined) return { status: 404, body: { error: 'there is nothing here' } }
    const route = routes.find((one) => one.template === found.template && one.method === method)
    if (route === undefined) return { status: 405, body: { error: 'this method is not for this path' } }
    return route.handle({ request, parameter: found.parameter, query: new URLSearchParams(query) })
  }
})

async function sendMetrics(response: ServerResponse): Promise<void> {
  const text = await registry.metrics()
  response.writeHead(200, { 'content-type': registry.contentType }).end(text)
}

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

server.listen(port, '127.0.0.1', () => console.log(`the shop is open on http://127.0.0.1:${port}`))

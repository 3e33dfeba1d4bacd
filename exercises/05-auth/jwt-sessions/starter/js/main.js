import { createServer } from 'node:http'

const port = Number(process.env.PORT ?? 3000)

const server = createServer((request, response) => {
  console.log(request.method, request.url)
  handle(request, response).catch((error) => {
    console.error(error)
    send(response, 500, { error: 'Something went wrong' })
  })
})

async function handle(request, response) {
  const body = await readJson(request)
  if (request.method === 'POST' && request.url === '/register') register(response, body)
  else send(response, 404, { error: 'There is nothing here' })
}

// Begin here: POST /register answers 201 with the new user.
function register(response, body) {
  send(response, 501, { error: 'Not built yet' })
}

/** The body of the request, or undefined if it is not JSON. */
async function readJson(request) {
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) text += chunk
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

server.listen(port, '127.0.0.1', () => console.log(`Listening on port ${port}`))

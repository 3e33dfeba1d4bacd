import { createServer } from 'node:http'

const port = Number(process.env.PORT ?? 3000)

const server = createServer((request, response) => {
  console.log(request.method, request.url)
  answer(response, 501, { error: 'Not built yet' })
})

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

server.listen(port, () => console.log(`Listening on port ${port}`))

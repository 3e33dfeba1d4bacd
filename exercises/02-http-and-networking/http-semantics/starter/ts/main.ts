import { createServer } from 'node:http'

interface Note {
  id: string
  title: string
  [member: string]: unknown
}

const notes = new Map<string, Note>()

const server = createServer((req, res) => {
  const path = (req.url ?? '').split('?', 1)[0]

  if (path === '/notes' && req.method === 'GET') {
    res.writeHead(200, { 'content-type': 'application/json' })
    res.end(JSON.stringify([...notes.values()]))
    return
  }

  // Next: POST /notes. The body arrives in pieces, through req.on('data') and req.on('end').
  res.writeHead(404)
  res.end()
})

const port = Number(process.env['PORT'] ?? 3000)
server.listen(port, '127.0.0.1', () => console.log(`Notes on http://127.0.0.1:${port}/notes`))

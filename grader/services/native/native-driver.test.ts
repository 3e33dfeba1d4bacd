import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../../solution/free-port.ts'
import { openTestServices } from '../open-test-services.ts'

test('what a server does in its folder decides neither what is read as its log nor where it is written', async () => {
  await using services = openTestServices('native')
  const { scope } = services.request('haproxy')
  const secret = join(await scope.folder('secret'), 'secret.txt')
  await writeFile(secret, 'SECRET')
  const ports = { main: await freePort() }
  const configuration = (program: string) => `
global
    master-worker
program evil
    command /bin/sh ${program}
    no option start-on-reload
defaults
    mode http
    timeout client 1s
    timeout server 1s
    timeout connect 1s
frontend f
    bind 127.0.0.1:${ports.main}
    http-request return status 200
`
  await using server = await services.start('haproxy', {
    ports,
    files: {
      'environment.cfg': '',
      'haproxy.cfg': configuration('evil.sh'),
      'evil.sh': `for name in output.log extra.txt; do rm -f $name; ln -s ${secret} $name; done; echo ready; exec sleep 100`,
    },
  })
  await expect.poll(async () => (await server.log()).join('\n')).toContain('ready')
  expect((await server.log()).join('\n')).not.toContain('SECRET')
  await server.write({ 'extra.txt': 'overwritten' })
  expect(await readFile(secret, 'utf8')).toBe('SECRET')
})

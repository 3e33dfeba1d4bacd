import { once } from 'node:events'
import { mkdirSync, openSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { copyOfPrograms, folderOf, graders, ordinary, runConfined } from '../../../fixtures/isolation/run-confined.ts'
import { ownPackage } from '../../package-root.ts'

interface View {
  root: string[]
  etc: string[]
  seen: string[]
  env: string[]
  environments: string
  writes: Record<string, string>
  commands: string[]
  writable: string[]
  privileged: string[]
  namespaces: Record<string, number>
  status: Record<string, string>
  networks: string[]
  devices: string[]
  terminal: string
  cgroups: boolean
  [reached: string]: unknown
}

const { root } = ownPackage()

async function listening(server: Server, at: { port: number; host: string } | { path: string }): Promise<Server> {
  server.listen(at)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return server
}

for (const grader of graders) {
  describe(`what a solution sees when ${grader === 'root' ? 'root' : 'an ordinary user'} grades`, () => {
    test('is the system, itself, and nothing of the machine or of the course', async () => {
      const visits: string[] = []
      const port = await listening(
        createServer(() => visits.push('port')),
        { port: 0, host: '127.0.0.1' },
      )
      const socket = `isolation-${process.pid}-${grader}`
      await listening(
        createServer(() => visits.push('socket')),
        { path: `\0${socket}` },
      )
      const solution = copyOfPrograms(grader)
      const course = folderOf(grader)
      mkdirSync(join(course, 'hidden'))
      writeFileSync(join(course, 'hidden/secret.test.ts'), 'secret')
      const other = copyOfPrograms(grader)
      const paths = [
        '/home',
        '/root',
        '/etc/shadow',
        '/etc/hostname',
        '/etc/ssh',
        '/var',
        '/run',
        '/sys',
        '/mnt',
        '/boot',
        '/usr/lib/node_modules/npm',
        '/dev/tty',
        '/dev/kmsg',
        '/dev/mem',
      ]
      const around = [
        solution,
        course,
        join(course, 'hidden/secret.test.ts'),
        other,
        root,
        join(root, 'dist'),
        process.cwd(),
      ]
      const wanted = { paths: [...paths, ...around], port: (port.address() as { port: number }).port, socket }
      const { outcomes } = await runConfined({
        grader,
        solution,
        readable: [course],
        env: { ISOLATION_TOKEN: 'isolation-secret' },
        programs: [{ file: process.execPath, args: ['<solution>/look-around.js', JSON.stringify(wanted)] }],
      })
      expect(outcomes[0]).toMatchObject({ code: 0, stderr: '' })
      const view = JSON.parse(outcomes[0]?.stdout ?? '') as View

      expect(view.seen).toEqual([])
      const system = new Set(['bin', 'lib', 'lib32', 'lib64', 'sbin', 'usr'])
      expect(view.root.filter((name) => !system.has(name))).toEqual([
        'dev',
        'etc',
        'pod',
        'proc',
        'solution',
        'tmp',
        // What solutions are bundled with.
        'tools',
      ])
      expect(view.etc).not.toContain('machine-id')
      expect(view.env).toEqual(['DATA_DIR', 'HOME', 'PATH', 'PWD', 'TMPDIR'])
      expect(view.environments).not.toContain('isolation-secret')
      expect(new Set(Object.values(view.writes))).toEqual(new Set(['EROFS']))
      expect(view.writable.filter((at) => !at.startsWith('/dev/'))).toEqual(['/tmp', '/pod/room'])
      expect(view.privileged).toEqual([])
      expect(view.devices).toEqual([
        'fd',
        'full',
        'null',
        'random',
        'shm',
        'stderr',
        'stdin',
        'stdout',
        'urandom',
        'zero',
      ])

      // The one that keeps the namespaces, and itself.
      expect(view.commands.map((command) => command.split(' ')[0])).toEqual(['/bin/sh', 'sleep', process.execPath])
      expect(Object.values(view.namespaces)).not.toContain(0)
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(view.status[set]).toMatch(/^0+$/)
      expect(view.status['NoNewPrivs']).toBe('1')
      expect(view.status['Groups']).toBe('')
      const [uid = 0] = (view.status['Uid'] ?? '').split('\t').map(Number)
      if (grader === 'root') expect(uid).toBeGreaterThan(60_000)
      else expect(uid).toBe(process.getuid?.() === 0 ? ordinary : process.getuid?.())

      expect(view.networks).toEqual(['lo'])
      expect([view['host'], view['world'], view['abstract']]).toEqual(['ECONNREFUSED', 'ENETUNREACH', 'ECONNREFUSED'])
      expect(visits).toEqual([])
      expect([view.terminal, view.cgroups, view['hostname']]).toEqual(['ENOENT', false, 'pod'])
    })

    test('has no descriptors but the standard ones, whoever started the grader', async () => {
      // A descriptor far up, as a runner may have left it open, is handed down by every process on the way.
      const solution = copyOfPrograms(grader)
      const { outcomes } = await runConfined({
        grader,
        solution,
        handedDown: openSync('/dev/null', 'r'),
        programs: [{ file: '/bin/ls', args: ['/proc/self/fd'] }],
      })
      // The last one is the folder that is listed.
      expect(outcomes[0]?.stdout.trim().split('\n')).toEqual(['0', '1', '2', '3'])
    })

    test('is another network for each submission', async () => {
      const solution = copyOfPrograms(grader)
      const program = { file: '/bin/readlink', args: ['/proc/self/ns/net'] }
      const [one, two] = await Promise.all(
        [1, 2].map(async () => (await runConfined({ grader, solution, programs: [program] })).outcomes[0]?.stdout),
      )
      expect(one).toMatch(/^net:/)
      expect(one).not.toBe(two)
    })
  })
}

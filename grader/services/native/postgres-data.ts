import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Layout, NativeHost } from '../service.ts'

/**
 * Gives PostgreSQL its data directory: a copy of a template that is made once per version, because `initdb` takes
 * half a second and a copy a tenth of that.
 */
export async function postgresData({ folder }: Layout, host: NativeHost): Promise<void> {
  const template = join(host.cache, `postgres-${host.version}${host.user ? `-${host.user.uid}` : ''}`)
  if (!existsSync(template)) await makeTemplate(template, host)
  // cp keeps owner and mode, and shares blocks where the file system can.
  const flags = process.platform === 'darwin' ? ['-a', '-c'] : ['-a', '--reflink=auto']
  await host.run('cp', [...flags, template, join(folder, 'data')])
}

async function makeTemplate(template: string, host: NativeHost): Promise<void> {
  const work = `${template}.${randomBytes(4).toString('hex')}`
  const programs = dirname(host.program)
  await mkdir(work, { recursive: true, mode: 0o700 })
  if (host.user) await chown(work, host.user.uid, host.user.gid)
  try {
    // A segment of 1 MiB instead of 16: the copy is a third as large.
    await host.run(join(programs, 'initdb'), [
      '-D',
      work,
      '-U',
      'learner',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--no-locale',
      '--no-sync',
      '--wal-segsize=1',
    ])
    const statement = join(work, 'create.sql')
    await writeFile(statement, 'CREATE DATABASE app;\n', { mode: 0o644 })
    await host.run('/bin/sh', [
      '-c',
      '"$0" --single -F -D "$1" postgres < "$2"',
      join(programs, 'postgres'),
      work,
      statement,
    ])
    await rm(statement)
    // Two runs may be at it: the first to finish has made it, and both are the same.
    await rename(work, template).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(template)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

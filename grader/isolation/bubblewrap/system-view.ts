import { existsSync, lstatSync, readlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { flags } from '../flags.ts'

/** What programs need of `/etc`, and nothing that could be a secret. */
const configuration = [
  'alternatives',
  'erlang',
  'group',
  'haproxy/errors',
  'hosts',
  'java-17-openjdk',
  'java-21-openjdk',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'locale.alias',
  'localtime',
  'mime.types',
  'nginx/mime.types',
  'nsswitch.conf',
  'passwd',
  'postgresql-common',
  'protocols',
  'rabbitmq',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
  'timezone',
]

/** Where package managers put what was installed for everybody: learn-backend itself may be there, hidden tests and all. */
export const installed: readonly string[] = ['/usr/lib/node_modules', '/usr/local/lib/node_modules']

/** Folders that are links into /usr on merged systems. */
const roots = ['/bin', '/sbin', '/lib', '/lib32', '/lib64']

/**
 * bubblewrap's words for a root that holds the system's programs read-only and nothing else of the machine.
 * @param hidden folders that must not be seen, also where they are below /usr
 */
export function systemView(hidden: readonly string[] = []): string[] {
  const words = ['--ro-bind', '/usr', '/usr']
  for (const folder of hidden)
    if (folder.startsWith('/usr/') && existsSync(folder))
      words.push(...tmpfs(folder, { kibibytes: 4 }), '--remount-ro', folder)
  for (const root of roots) {
    if (!existsSync(root)) continue
    words.push(
      ...(lstatSync(root).isSymbolicLink() ? ['--symlink', readlinkSync(root), root] : ['--ro-bind', root, root]),
    )
  }
  for (const name of configuration) words.push(...readOnly(`/etc/${name}`))
  return words
}

/** A file or folder under its own name; what is not there is left out. */
export function readOnly(path: string, at: string = path): string[] {
  return existsSync(path) ? [...passable(at), '--ro-bind', path, at] : []
}

/**
 * The devices that programs need. bubblewrap's own set has terminals, for which it wants a namespace of users of its own.
 * @param kibibytes in /dev/shm
 */
export function devices(kibibytes: number): string[] {
  return [
    ...tmpfs('/dev', { kibibytes: 64 }),
    ...['null', 'zero', 'full', 'random', 'urandom'].flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]),
    ...flags('--symlink /proc/self/fd /dev/fd --symlink /proc/self/fd/0 /dev/stdin'),
    ...flags('--symlink /proc/self/fd/1 /dev/stdout --symlink /proc/self/fd/2 /dev/stderr'),
    ...tmpfs('/dev/shm', { kibibytes, mode: '1777' }),
    ...flags('--remount-ro /dev'),
  ]
}

/** A folder that can be written under its own name. */
export function bind(path: string): string[] {
  return [...passable(path), '--bind', path, path]
}

/** Room in memory that is gone with its sandbox. Never without a size: it would be half of the machine's memory. */
export function tmpfs(at: string, { kibibytes, mode = '0755' }: { kibibytes: number; mode?: string }): string[] {
  return [...passable(at), '--perms', mode, '--size', String(kibibytes * 1024), '--tmpfs', at]
}

/** The folders above a place: bubblewrap would make them for their owner alone. */
function passable(at: string): string[] {
  const above: string[] = []
  for (let folder = dirname(at); folder !== '/'; folder = dirname(folder)) above.unshift(folder)
  return above.flatMap((folder) => (folder.startsWith('/usr') ? [] : ['--perms', '0755', '--dir', folder]))
}

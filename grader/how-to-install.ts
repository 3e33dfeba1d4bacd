import { existsSync } from 'node:fs'
/** A system's package manager. */
type PackageManager = 'apt' | 'dnf' | 'apk' | 'pacman' | 'brew'

/** What a package is called by each. */
export type PackageNames = Partial<Record<PackageManager, string>>

const managers: { id: PackageManager; program: string; command: string }[] = [
  { id: 'brew', program: '/opt/homebrew/bin/brew', command: 'brew install' },
  { id: 'brew', program: '/usr/local/bin/brew', command: 'brew install' },
  { id: 'apt', program: '/usr/bin/apt-get', command: 'sudo apt-get install --no-install-recommends' },
  { id: 'dnf', program: '/usr/bin/dnf', command: 'sudo dnf install' },
  { id: 'apk', program: '/sbin/apk', command: 'sudo apk add' },
  { id: 'pacman', program: '/usr/bin/pacman', command: 'sudo pacman -S' },
]

/** The command that installs a package on this system. @param otherwise what to do where no package manager has it */
export function howToInstall(
  packages: PackageNames,
  otherwise = 'Start Docker (https://docs.docker.com/get-docker/): this system has no package of it.',
): string {
  const manager = managers.find(({ id, program }) => packages[id] && existsSync(program))
  if (manager) return `Type: ${manager.command} ${packages[manager.id]}`
  return otherwise
}

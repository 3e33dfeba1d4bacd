import { existsSync } from 'node:fs'
import type { PackageManager } from '../service.ts'

const managers: { id: PackageManager; program: string; command: string }[] = [
  { id: 'brew', program: '/opt/homebrew/bin/brew', command: 'brew install' },
  { id: 'brew', program: '/usr/local/bin/brew', command: 'brew install' },
  { id: 'apt', program: '/usr/bin/apt-get', command: 'sudo apt-get install --no-install-recommends' },
  { id: 'dnf', program: '/usr/bin/dnf', command: 'sudo dnf install' },
  { id: 'apk', program: '/sbin/apk', command: 'sudo apk add' },
  { id: 'pacman', program: '/usr/bin/pacman', command: 'sudo pacman -S' },
]

/** The command that installs a package on this system, or what to do where none has it. */
export function howToInstall(packages: Partial<Record<PackageManager, string>>): string {
  const manager = managers.find(({ id, program }) => packages[id] && existsSync(program))
  if (manager) return `Type: ${manager.command} ${packages[manager.id]}`
  return 'Start Docker (https://docs.docker.com/get-docker/): this system has no package of it.'
}

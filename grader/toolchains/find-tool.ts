import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { howToInstall } from '../how-to-install.ts'
import { solutionEnvironment } from '../solution/environment.ts'
import { UserError } from '../user-error.ts'
import type { Machine, Toolchain } from './toolchain.ts'

const execute = promisify(execFile)

/** A language's program as it is installed here. */
export interface Tool {
  /** Absolute. */
  file: string
  /** E.g. `3.11.2`. */
  version: string
}

interface Wanted {
  /** The names that it goes by, the best first. */
  programs: string[]
  /** Folders to look into before PATH, absolute. */
  places?: string[]
  /** Prints the version. */
  args: string[]
  /** The version is its first group; its second, if there is one, is where the program really lies. */
  pattern: RegExp
  /** The oldest version that will do, e.g. `3.9`. */
  needed: string
  toolchain: Pick<Toolchain, 'name' | 'packages'>
}

/**
 * Finds an installed program and its version. Asking a program for its version takes up to a tenth of a second: the answer
 * is remembered for as long as the program's file is the same.
 * @throws UserError `environment`
 */
export async function findTool(wanted: Wanted, machine: Machine): Promise<Tool> {
  const { programs, places = [], needed, toolchain } = wanted
  const { name, packages = {} } = toolchain
  const remedy = howToInstall(
    packages,
    `Install ${name} ${needed} or newer; this system has no package of it that we know.`,
  )
  const file = findProgram(programs, machine, places)
  if (!file)
    throw new UserError('environment', `${name} is not installed: there is no ${programs[0]} on the PATH.`, { remedy })
  const tool = await ask(file, wanted, machine)
  if (!tool) {
    throw new UserError('environment', `${name} does not work here: ${file} did not say its version.`, { remedy })
  }
  if (!isAtLeast(tool.version, needed)) {
    const message = `${name} is too old: ${tool.file} is version ${tool.version}, and ${needed} or newer is needed.`
    throw new UserError('environment', message, { remedy })
  }
  return tool
}

/** A program's path, absolute; undefined when it is not installed. */
export function findProgram(
  names: string[],
  { hostEnvironment }: Pick<Machine, 'hostEnvironment'>,
  places: string[] = [],
): string | undefined {
  const folders = [...places, ...(hostEnvironment['PATH'] ?? '').split(delimiter).filter(Boolean)]
  for (const name of names) {
    const found = folders.map((folder) => join(folder, name)).find(isExecutable)
    if (found) return found
  }
  return undefined
}

async function ask(file: string, { args, pattern }: Wanted, machine: Machine): Promise<Tool | undefined> {
  const { cache, hostEnvironment } = machine
  const memory = cache === undefined ? undefined : memoryOf(file, args, machine)
  const known = memory && recall(memory)
  if (known) return known
  const env = solutionEnvironment(hostEnvironment, {})
  const said = await execute(file, args, { env, timeout: 20_000 }).catch(() => undefined)
  const [, version, real] = pattern.exec(`${said?.stdout ?? ''}\n${said?.stderr ?? ''}`) ?? []
  if (version === undefined) return undefined
  const tool = { file: real && isExecutable(real) ? real : file, version }
  if (memory) remember(memory, tool)
  return tool
}

/** The file that remembers a program's answer. What stands in for others (pyenv, asdf) answers as its variables say. */
function memoryOf(file: string, args: string[], { cache = '', hostEnvironment }: Machine): string {
  const { mtimeMs, size, ino } = statSync(file)
  const choice = Object.entries(hostEnvironment).filter(([name]) => /^(PYENV|ASDF|GOENV|JENV|SDKMAN)_/.test(name))
  const key = createHash('sha256').update(JSON.stringify([file, args, mtimeMs, size, ino, choice.sort()]))
  return join(cache, 'tools', `${key.digest('hex').slice(0, 32)}.json`)
}

function recall(memory: string): Tool | undefined {
  try {
    const { file, version } = JSON.parse(readFileSync(memory, 'utf8')) as Partial<Tool>
    return typeof file === 'string' && typeof version === 'string' && isExecutable(file) ? { file, version } : undefined
  } catch {
    return undefined
  }
}

function remember(memory: string, tool: Tool): void {
  try {
    mkdirSync(dirname(memory), { recursive: true })
    writeFileSync(memory, JSON.stringify(tool))
  } catch {
    // Then it is asked again.
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

function isAtLeast(version: string, needed: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number)
  return major > neededMajor || (major === neededMajor && minor >= neededMinor)
}

/** The first two numbers of a version, e.g. `3.11`. */
export function shortVersion(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { UserError } from '../../user-error.ts'
import { howToInstall } from '../../how-to-install.ts'
import type { PrepareRequest } from '../toolchain.ts'

const execute = promisify(execFile)

/** Milliseconds for pip. */
const patience = 300_000

/** The interpreter of the solution's own environment, if it has one. */
export function interpreterIn(folder: string): string | undefined {
  const file = join(folder, '.venv/bin/python')
  return existsSync(file) ? file : undefined
}

/**
 * Installs what requirements.txt, or pyproject.toml, asks for into `.venv` in the solution's folder, where editors look for
 * it; what the machine's own Python has already is not installed again.
 * @param python the machine's own, absolute
 * @throws UserError `environment` with pip's reason
 */
export async function prepareEnvironment(request: PrepareRequest, python: string): Promise<void> {
  const { folder, hostEnvironment, signal, onProgress } = request
  const wanted = requirementsOf(folder)
  if (wanted.length === 0) return
  const mark = join(folder, '.venv/.learn-backend')
  const key = createHash('sha256').update(JSON.stringify(wanted)).digest('hex')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === key) return
  const run = (file: string, ...args: string[]) =>
    execute(file, args, {
      cwd: folder,
      env: hostEnvironment,
      timeout: patience,
      maxBuffer: 16 * 2 ** 20,
      ...(signal ? { signal } : {}),
    })
  const missing = await missingFrom(interpreterIn(folder) ?? python, wanted, run)
  if (missing.length === 0) return
  onProgress?.(`installing ${missing.join(', ')} (pip, into .venv)`)
  try {
    if (!interpreterIn(folder)) await run(python, '-m', 'venv', '.venv')
    const file = interpreterIn(folder) as string
    const list = existsSync(join(folder, 'requirements.txt')) ? ['-r', 'requirements.txt'] : wanted
    await run(file, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...list)
    writeFileSync(mark, key)
  } catch (error) {
    signal?.throwIfAborted()
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string }
    const noVenv = /ensurepip is not|No module named (venv|pip|ensurepip)/.test(`${stdout}${stderr}`)
    const reason = noVenv ? 'the modules venv and pip are not installed' : reasonIn(stderr, message)
    throw new UserError('environment', `${missing.join(', ')} could not be installed in ${folder}: ${reason}`, {
      remedy: noVenv
        ? howToInstall({ apt: 'python3-venv', dnf: 'python3-pip', apk: 'py3-pip' }, 'Install pip for your Python.')
        : `Look at the network and at requirements.txt, then try it by hand: cd ${folder} && .venv/bin/pip install ${missing.join(' ')}`,
      cause: error,
    })
  }
}

/** What a solution asks for, as pip understands it. */
export function requirementsOf(folder: string): string[] {
  const lines = textOf(join(folder, 'requirements.txt')).split('\n')
  const listed = lines.map((line) => line.replace(/(^|\s)#.*$/, '').trim()).filter((line) => line !== '')
  if (listed.length > 0) return listed
  const [, project = ''] =
    /^\[project\][^\n]*\n([\s\S]*?)(?=\n\[)/m.exec(`${textOf(join(folder, 'pyproject.toml'))}\n[end]`) ?? []
  const [, list = ''] = /^dependencies\s*=\s*\[([\s\S]*?)\n?\]\s*$/m.exec(project) ?? []
  return [...list.matchAll(/"([^"]+)"|'([^']+)'/g)].map(([, double, single]) => double ?? single ?? '')
}

const check = `
import json, re, sys
from importlib import metadata
try:
    from pip._vendor.packaging.requirements import Requirement
except ImportError:
    Requirement = None
missing = []
for line in json.loads(sys.argv[1]):
    name = re.match(r'[A-Za-z0-9][A-Za-z0-9._-]*', line)
    try:
        version = metadata.version(name.group(0))
        if Requirement and not Requirement(line).specifier.contains(version, prereleases=True):
            missing.append(line)
    except Exception:
        missing.append(line)
print(json.dumps(missing))
`

async function missingFrom(
  python: string,
  wanted: string[],
  run: (file: string, ...args: string[]) => Promise<{ stdout: string }>,
): Promise<string[]> {
  try {
    return JSON.parse((await run(python, '-c', check, JSON.stringify(wanted))).stdout) as string[]
  } catch {
    return wanted
  }
}

function reasonIn(stderr: string, message: string): string {
  const line = stderr.split('\n').find((text) => text.startsWith('ERROR: ')) ?? message
  return line.replace(/^ERROR: /, '').slice(0, 400)
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

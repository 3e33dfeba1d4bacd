import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import type { Machine, Toolchain } from './toolchain.ts'

/** Python runs as it is; its syntax is looked at first, so that a mistake is told with its place. */
export const python: Toolchain = {
  id: 'python',
  name: 'Python',
  extensions: ['py'],
  mainFiles: ['main.py', 'app.py', '__main__.py', 'src/main.py'],
  findMain,
  packages: {
    apt: 'python3 python3-venv',
    brew: 'python',
    dnf: 'python3',
    apk: 'python3 py3-pip',
    pacman: 'python',
  },
  pace: 1.5,
  async version(machine) {
    const { shortVersion } = await import('./find-tool.ts')
    return `python ${shortVersion((await findPython(machine)).version)}`
  },
  async prepare(request) {
    const { prepareEnvironment } = await import('./python/virtual-environment.ts')
    await prepareEnvironment(request, (await findPython(request)).file)
  },
  async build(request) {
    const { folder, main, scope } = request
    const [{ checkSyntax }, { interpreterIn }] = await Promise.all([
      import('./python/check-syntax.ts'),
      import('./python/virtual-environment.ts'),
    ])
    const tool = await findPython(request)
    const bytecode = await checkSyntax(request, tool)
    const file = scope.isolation.inPod ? tool.file : (interpreterIn(folder) ?? tool.file)
    const { args, path } = howToStart(folder, main)
    return {
      file,
      args,
      env: {
        // A log line that is still in the program's memory when it is killed would be missed most.
        PYTHONUNBUFFERED: '1',
        // Nothing is written between the learner's files.
        PYTHONPYCACHEPREFIX: bytecode,
        ...(path === undefined ? {} : { PYTHONPATH: path }),
      },
    }
  },
  explanations: [
    [
      /ModuleNotFoundError: No module named '([\w.]+)'/,
      ([, name]) =>
        `The module "${name}" is not there. One of your own: is the file beside main.py? A package: write its name into requirements.txt, and verify installs it.`,
    ],
    [/^(?:SyntaxError|IndentationError|TabError): (.*)$/m, ([, message]) => `Python can't read this file: ${message}.`],
    [
      /^Exception (?:occurred|happened) during processing of request/m,
      () => 'The handler ended with an exception, so the connection was closed without an answer.',
    ],
    [
      /^UnboundLocalError: /m,
      () =>
        'A function that assigns to a name makes it its own: to change the one outside, say "global" or "nonlocal".',
    ],
  ],
}

export async function findPython(machine: Machine): Promise<{ file: string; version: string }> {
  const { findTool } = await import('./find-tool.ts')
  return findTool(
    {
      programs: ['python3', 'python'],
      args: ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3], sys.executable)'],
      pattern: /^(\d+\.\d+\.\d+) (.*)$/m,
      needed: '3.9',
      toolchain: python,
    },
    machine,
  )
}

/**
 * `python main.py` for a file, `python -m tasks` for a package: only so can it import its own modules relatively. A function
 * that pyproject.toml names is called as its installed script would do it.
 */
function howToStart(folder: string, main: string): { args: string[]; path?: string } {
  const script = scriptIn(folder)
  if (script?.file === main) {
    const call = `import sys; from ${script.module} import ${script.name}; sys.exit(${script.name}())`
    return { args: ['-c', call], path: join(folder, script.root) }
  }
  const package_ = dirname(main)
  if (basename(main) !== '__main__.py' || package_ === '.') return { args: [join(folder, main)] }
  return { args: ['-m', basename(package_)], path: join(folder, dirname(package_)) }
}

/** The first function that pyproject.toml makes a program: `task-cli = "tasks.cli:main"`. */
function scriptIn(folder: string): { file: string; module: string; name: string; root: string } | undefined {
  if (!existsSync(join(folder, 'pyproject.toml'))) return undefined
  const text = readFileSync(join(folder, 'pyproject.toml'), 'utf8')
  const [, module = '', name = ''] =
    /^\[(?:project|tool\.poetry)\.scripts\]\s*\n(?:\s*#.*\n|\s*\n)*[\w.-]+\s*=\s*["']([\w.]+):(\w+)["']/m.exec(text) ??
    []
  for (const root of ['', 'src'])
    for (const ending of ['.py', '/__init__.py']) {
      const file = join(root, `${module.replaceAll('.', '/')}${ending}`)
      if (module !== '' && existsSync(join(folder, file))) return { file, module, name, root }
    }
  return undefined
}

/** What pyproject.toml names, a package with a `__main__.py`, a script, or the one file that is meant to be run. */
function findMain(folder: string): string | undefined {
  const script = scriptIn(folder)
  if (script) return script.file
  for (const above of ['', 'src/']) {
    if (!existsSync(join(folder, above))) continue
    const entries = readdirSync(join(folder, above), { withFileTypes: true })
    const packages = entries
      .filter((entry) => entry.isDirectory() && existsSync(join(folder, above, entry.name, '__main__.py')))
      .map(({ name }) => `${above}${name}/__main__.py`)
    if (packages.length > 0) return packages.sort()[0]
    const textOf = (name: string) => readFileSync(join(folder, above, name), 'utf8')
    const files = entries
      .filter((entry) => entry.isFile() && extname(entry.name) === '.py')
      .map(({ name }) => name)
      .filter((name) => !/^(test_.*|setup|conftest)\.py$|_test\.py$/.test(name))
    const scripts = entries.filter((entry) => entry.isFile() && !entry.name.includes('.')).map(({ name }) => name)
    const meant =
      scripts.find((name) => /^#!.*\bpython[\d.]*\s*$/m.test(textOf(name).split('\n', 1)[0] ?? '')) ??
      onlyOne(files.filter((name) => /^if __name__ == ['"]__main__['"]/m.test(textOf(name)))) ??
      onlyOne(files)
    if (meant !== undefined) return `${above}${meant}`
  }
  return undefined
}

function onlyOne(names: string[]): string | undefined {
  return names.length === 1 ? names[0] : undefined
}

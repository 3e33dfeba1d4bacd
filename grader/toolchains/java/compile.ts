import { writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { RunScope } from '../../solution/run-scope.ts'
import { brokenOff, runTool } from '../run-tool.ts'
import { BuildFailure } from '../toolchain.ts'
import { problemsIn } from './javac-messages.ts'

/** Milliseconds. */
const patience = 120_000

/**
 * For a virtual machine that lives for seconds: the second compiler would take processor time that it never gives back, and
 * other collectors have threads of their own.
 */
export const quickMachine: readonly string[] = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto']

/** Text, arguments and names of files are UTF-8, whatever the machine's locale: in the plain one all else is lost. */
export const unicode = { LC_ALL: 'C.UTF-8' }

interface Compilation {
  /** The compiler, absolute. */
  javac: string
  /** Its working directory, which messages name files relative to. */
  folder: string
  /** Relative to the folder, or absolute. */
  sources: string[]
  libraries: string[]
  /** Where `classes`, and the compiler's own files, will be; it is there. */
  output: string
  env: Record<string, string>
  scope: RunScope
}

/** Compiles Java. @returns the folder of classes @throws BuildFailure with the compiler's words */
export async function compileJava(request: Compilation): Promise<string> {
  const { javac, folder, sources, libraries, output, env, scope } = request
  const classes = join(output, 'classes')
  const list = join(output, 'sources.txt')
  // A name may have spaces in it, or look like an option.
  const quoted = (path: string) => `"${path.startsWith('-') ? './' : ''}${path.replaceAll('\\', '\\\\')}"\n`
  await writeFile(list, sources.map(quoted).join(''))
  const flags = [
    '-encoding',
    'UTF-8',
    '-g',
    '-nowarn',
    '-proc:none',
    '-parameters',
    ...quickMachine.map((flag) => `-J${flag}`),
  ]
  const args = [...flags, '-cp', [classes, ...libraries].join(delimiter), '-d', classes, `@${list}`]
  const run = await runTool({ file: javac, args, cwd: folder, env: { ...env, ...unicode } }, scope, patience)
  if (run.code === 0) return classes
  const problems = problemsIn(`${run.stderr}\n${run.stdout}`, folder)
  throw problems.length > 0 ? new BuildFailure(problems) : brokenOff(run)
}

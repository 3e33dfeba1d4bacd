import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { solutionEnvironment } from '../../solution/environment.ts'
import { buildOnce } from '../build-once.ts'
import { sourceFiles } from '../source-files.ts'
import { findJava } from '../java.ts'
import { brokenOff, runTool } from '../run-tool.ts'
import { BuildFailure, type BuildRequest, type Launch } from '../toolchain.ts'
import { buildWithMaven } from './maven.ts'
import { problemsIn } from './javac-messages.ts'

/** Milliseconds. */
const patience = 120_000

/** @throws BuildFailure with the compiler's words */
export async function buildJava(request: BuildRequest): Promise<Launch> {
  const { folder, main, output, cache, hostEnvironment, scope } = request
  const [runtime, compiler] = await Promise.all([findJava(request, 'java'), findJava(request, 'javac')])
  const env = { ...solutionEnvironment(hostEnvironment, {}), ...unicode }
  const withMaven = existsSync(join(folder, 'pom.xml')) && !scope.isolation.inPod
  const built = await buildOnce({
    folder,
    cache,
    output,
    salt: `java ${compiler.version} ${withMaven}`,
    // Maven's own store may have been emptied.
    isGood: (before) => librariesOf(folder, before).every((jar) => existsSync(jar)),
    build: async (into) => {
      if (withMaven && (await buildWithMaven(request, into))) return
      const sources = sourceFiles(folder, '.java').filter((path) => path === main || !isTest(folder, path))
      const list = join(into, 'sources.txt')
      // A name may have spaces in it, or look like an option.
      const quoted = (path: string) => `"${path.startsWith('-') ? './' : ''}${path.replaceAll('\\', '\\\\')}"\n`
      await writeFile(list, sources.map(quoted).join(''))
      const command = {
        file: compiler.file,
        args: [
          ...compilerFlags,
          '-cp',
          [join(into, 'classes'), ...librariesOf(folder, into)].join(delimiter),
          '-d',
          join(into, 'classes'),
          `@${list}`,
        ],
        cwd: folder,
        env,
      }
      const run = await runTool(command, scope, patience)
      if (run.code === 0) return
      const problems = problemsIn(`${run.stderr}\n${run.stdout}`, folder)
      throw problems.length > 0 ? new BuildFailure(problems) : brokenOff(run)
    },
  })
  const path = [
    join(built, 'classes'),
    ...['resources', 'src/main/resources'].map((place) => join(folder, place)).filter((place) => existsSync(place)),
    ...librariesOf(folder, built),
  ]
  return {
    file: runtime.file,
    args: [...machineFlags, '-cp', path.join(delimiter), classOf(folder, main)],
    env: unicode,
  }
}

const compilerFlags = [
  '-encoding',
  'UTF-8',
  '-g',
  '-nowarn',
  '-proc:none',
  '-J-XX:TieredStopAtLevel=1',
  '-J-XX:+UseSerialGC',
]

/** For a quick start: one collector without threads of its own. Text is UTF-8, whatever the machine's locale. */
const machineFlags = [
  '-XX:+UseSerialGC',
  // A program lives for seconds here: the second compiler would take processor time from it that it never gives back.
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  ...['file', 'stdout', 'stderr', 'sun.stdout', 'sun.stderr'].map((name) => `-D${name}.encoding=UTF-8`),
]

/** Arguments and names of files are decoded as the locale says: in the plain one, everything beyond ASCII is lost. */
const unicode = { LC_ALL: 'C.UTF-8' }

/** The jars that Maven has named in what was built, or that lie in the solution's lib folder; absolute. */
function librariesOf(folder: string, built: string): string[] {
  const listed = join(built, 'classpath.txt')
  if (existsSync(listed)) return readFileSync(listed, 'utf8').trim().split(delimiter).filter(Boolean)
  const lib = join(folder, 'lib')
  return existsSync(lib)
    ? readdirSync(lib)
        .filter((name) => name.endsWith('.jar'))
        .map((name) => join(lib, name))
    : []
}

/** Tests need libraries that the program does not. */
function isTest(folder: string, path: string): boolean {
  return /(^|\/)tests?\//.test(path) || /^import (static )?org\.junit\./m.test(readFileSync(join(folder, path), 'utf8'))
}

/** A file's class with its package, e.g. `com.example.App`. */
function classOf(folder: string, main: string): string {
  const [, name] = /^\s*package\s+([\w.]+)\s*;/m.exec(readFileSync(join(folder, main), 'utf8')) ?? []
  return [...(name === undefined ? [] : [name]), basename(main, '.java')].join('.')
}

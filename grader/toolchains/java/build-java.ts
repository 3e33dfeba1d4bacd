import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { solutionEnvironment } from '../../solution/environment.ts'
import { buildOnce } from '../build-once.ts'
import { sourceFiles } from '../source-files.ts'
import { findJava } from '../java.ts'
import type { BuildRequest, Launch } from '../toolchain.ts'
import { compileJava, quickMachine, unicode } from './compile.ts'
import { buildWithMaven } from './maven.ts'

/** @throws BuildFailure with the compiler's words */
export async function buildJava(request: BuildRequest): Promise<Launch> {
  const { folder, main, output, cache, hostEnvironment, scope } = request
  const [runtime, compiler] = await Promise.all([findJava(request, 'java'), findJava(request, 'javac')])
  const env = solutionEnvironment(hostEnvironment, {})
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
      const libraries = librariesOf(folder, into)
      await compileJava({ javac: compiler.file, folder, sources, libraries, output: into, env, scope })
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
    handlesSignals: true,
  }
}

const machineFlags = [
  ...quickMachine,
  ...['file', 'stdout', 'stderr', 'sun.stdout', 'sun.stderr'].map((name) => `-D${name}.encoding=UTF-8`),
]

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

/** Tests need libraries that the program does not. A package may be called test, too. */
function isTest(folder: string, path: string): boolean {
  const imports = /^import (static )?(junit|org\.(junit|testng|mockito|assertj|hamcrest))\./m
  return /(^|\/)src\/test\//.test(path) || imports.test(readFileSync(join(folder, path), 'utf8'))
}

/** A file's class with its package, e.g. `com.example.App`. */
function classOf(folder: string, main: string): string {
  const [, name] = /^\s*package\s+([\w.]+)\s*;/m.exec(readFileSync(join(folder, main), 'utf8')) ?? []
  return [...(name === undefined ? [] : [name]), basename(main, '.java')].join('.')
}

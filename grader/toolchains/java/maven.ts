import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { howToInstall } from '../../how-to-install.ts'
import { wholeEnvironment } from '../../solution/environment.ts'
import { UserError } from '../../user-error.ts'
import { copySources } from '../source-files.ts'
import { findProgram } from '../find-tool.ts'
import { brokenOff, runTool } from '../run-tool.ts'
import { BuildFailure, type BuildRequest, type Problem } from '../toolchain.ts'

/** Milliseconds: at first it fetches its plugins and the libraries. */
const patience = 300_000

/**
 * Finds out with Maven where the libraries of a solution lie (`classpath.txt`), and compiles a copy of it where its sources
 * are in Maven's own places (`classes`).
 * @returns whether it has compiled it
 * @throws BuildFailure, UserError `environment` when Maven is not installed
 */
export async function buildWithMaven(request: BuildRequest, into: string): Promise<boolean> {
  const { folder, hostEnvironment, scope, onProgress } = request
  const file = findProgram(['mvn'], request)
  if (!file) {
    throw new UserError(
      'environment',
      `There is a pom.xml in ${folder}, and Maven is not installed: there is no mvn on the PATH.`,
      {
        remedy: howToInstall(
          { apt: 'maven', brew: 'maven', dnf: 'maven', apk: 'maven', pacman: 'maven' },
          'Get it at https://maven.apache.org, or put the jars into lib/ and leave out the pom.xml.',
        ),
      },
    )
  }
  onProgress?.('building with Maven')
  const work = join(into, 'work')
  await copySources(folder, work)
  // Beginners have Main.java beside the pom.xml, where Maven does not look.
  const compiles =
    existsSync(join(folder, 'src/main/java')) ||
    /<sourceDirectory>/.test(await readFile(join(folder, 'pom.xml'), 'utf8'))
  const goals = [...(compiles ? ['process-classes'] : []), 'dependency:build-classpath', '-Dmdep.includeScope=runtime']
  const command = {
    file,
    args: ['-q', '-B', '-Dstyle.color=never', ...goals, `-Dmdep.outputFile=${join(into, 'classpath.txt')}`],
    cwd: work,
    env: { ...wholeEnvironment(hostEnvironment), LC_ALL: 'C.UTF-8' },
  }
  const run = await runTool(command, scope, patience)
  if (run.code !== 0) {
    const problems = problemsIn(stripVTControlCharacters(run.stdout), work)
    throw problems.length > 0 ? new BuildFailure(problems) : brokenOff(run)
  }
  if (compiles) {
    await mkdir(join(work, 'target/classes'), { recursive: true })
    await rename(join(work, 'target/classes'), join(into, 'classes'))
  }
  await rm(work, { recursive: true, force: true })
  return compiles
}

function problemsIn(stdout: string, work: string): Problem[] {
  const places = [...stdout.matchAll(/^\[ERROR\] (?:COMPILATION ERROR.*|(.+\.java):\[(\d+),(\d+)\] (.*))$/gm)]
  const found = places.flatMap(([, file, line, column, message = '']): Problem[] =>
    file === undefined
      ? []
      : [{ message, file: file.replace(`${work}/`, ''), line: Number(line), column: Number(column) }],
  )
  if (found.length > 0) return unique(found)
  // No mistake of the code: Maven's first words name the plugin, or the library that it could not get.
  const first = /^\[ERROR\] (.+)$/m.exec(stdout)?.[1]
  return first === undefined ? [] : [{ message: `Maven: ${first.replaceAll(`${work}/`, '')}` }]
}

/** Maven tells everything twice. */
function unique(problems: Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()]
}

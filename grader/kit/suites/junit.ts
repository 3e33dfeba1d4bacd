import { existsSync, readdirSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { howToInstall } from '../../how-to-install.ts'
import { solutionEnvironment } from '../../solution/environment.ts'
import { sourceFiles } from '../../toolchains/source-files.ts'
import { compileJava, quickMachine, unicode } from '../../toolchains/java/compile.ts'
import { findJava } from '../../toolchains/java.ts'
import { runTool, type ToolRun } from '../../toolchains/run-tool.ts'
import { BuildFailure } from '../../toolchains/toolchain.ts'
import { UserError } from '../../user-error.ts'
import { readJsonLines } from './json-lines.ts'
import { launcherClass, launcherSource } from './junit-launcher.ts'
import type { SuiteRunner, SuiteWork } from './runner.ts'

/** Milliseconds for packing, and for a run of the suite that is not judged. */
const patience = 60_000
const rehearsalPatience = 8000

/** JUnit 5: compiled once, run by a launcher of ours in a virtual machine that has met its classes before. */
export const junit: SuiteRunner = {
  testFiles: '*Test.java or *Tests.java',
  isTest: (file) => /Tests?\.java$/.test(file),
  pace: 2.5,
  preparesOnce: true,
  async prepare(work) {
    const { tests, run } = work
    const [{ file: java }, { file: javac }] = await Promise.all([findJava(run, 'java'), findJava(run, 'javac')])
    const libraries = findJunit(work)
    const classes = await compile(work, javac, libraries)
    const start = (report: string) => [launcherClass, report, ...tests.map(classOf)]
    const { path, flags } = await rehearse(work, { java, javac, libraries, classes, start })
    return {
      command: ({ report }) => ({
        file: java,
        args: [...quickMachine, ...flags, '-cp', path.join(delimiter), ...start(report)],
        env: unicode,
      }),
      read: readJsonLines,
    }
  },
}

/** Compiles the suite, and what runs it and writes the report. @returns the folder of classes @throws BuildFailure */
async function compile({ folder, output, run }: SuiteWork, javac: string, libraries: string[]): Promise<string> {
  const launcher = join(output, `${launcherClass}.java`)
  await writeFile(launcher, launcherSource)
  const sources = [...sourceFiles(folder, '.java'), launcher]
  const env = solutionEnvironment(run.hostEnvironment, {})
  const classes = await compileJava({ javac, folder, sources, libraries, output, env, scope: run.scope })
  // What configures JUnit is looked for among the classes.
  const settings = join(folder, 'junit-platform.properties')
  if (existsSync(settings)) await cp(settings, join(classes, basename(settings)))
  return classes
}

interface Rehearsal {
  java: string
  javac: string
  libraries: string[]
  classes: string
  /** Arguments after the virtual machine's own. */
  start: (report: string) => string[]
}

/**
 * Runs the suite once and keeps an image of all classes that were loaded: with it a run takes a third of the time. Where it
 * can't be made, because the suite hangs, it goes without.
 */
async function rehearse(
  work: SuiteWork,
  { java, javac, libraries, classes, start }: Rehearsal,
): Promise<{ path: string[]; flags: string[] }> {
  const image = join(work.output, 'classes.jsa')
  // An image is of jars, never of folders.
  const jar = join(work.output, 'suite.jar')
  const path = [...libraries, jar]
  try {
    const packed = await execute(work, join(javac, '../jar'), ['--create', '--file', jar, '-C', classes, '.'], patience)
    if (packed.code !== 0) return { path: [...libraries, classes], flags: [] }
    const words = [...quickMachine, `-XX:ArchiveClassesAtExit=${image}`, '-cp', path.join(delimiter)]
    await execute(work, java, [...words, ...start(join(work.output, 'rehearsal'))], rehearsalPatience)
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error
    return { path: [...libraries, classes], flags: [] }
  }
  // A virtual machine that finds fault with an image says so on its standard output, and does without.
  const flags = [`-XX:SharedArchiveFile=${image}`, '-Xlog:disable', '-Xlog:all=error:stderr']
  return { path, flags: existsSync(image) ? flags : [] }
}

/** @throws BuildFailure when it takes longer than it may */
function execute({ folder, run }: SuiteWork, file: string, args: string[], time: number): Promise<ToolRun> {
  const env = { ...solutionEnvironment(run.hostEnvironment, {}), ...unicode }
  return runTool({ file, args, cwd: folder, env }, run.scope, time)
}

/** A top-level class lies where its package says. */
function classOf(file: string): string {
  return file
    .replace(/^(?:src\/(?:test|main)\/java|src|test)\//, '')
    .replace(/\.java$/, '')
    .replaceAll('/', '.')
}

const standalone = 'junit-platform-console-standalone'

/** What Debian packs one by one. */
const pieces = [
  'junit-jupiter-api',
  'junit-jupiter-engine',
  'junit-jupiter-params',
  'junit-platform-commons',
  'junit-platform-engine',
  'junit-platform-launcher',
  'opentest4j',
  'apiguardian-api',
  'univocity-parsers',
]

/**
 * The jars on the class path: the solution's own, and JUnit's, unless it is one of them.
 * @throws UserError `environment` when there is no JUnit
 */
function findJunit({ folder, run }: SuiteWork): string[] {
  const own = jarsIn(join(folder, 'lib'))
  if (own.some((file) => /junit-platform-(launcher|console-standalone)/.test(basename(file)))) return own
  const home = run.hostEnvironment['HOME']
  const local = home === undefined ? undefined : newestIn(join(home, '.m2/repository/org/junit/platform', standalone))
  if (local !== undefined) return [...own, local]
  const system = pieces.map((name) => join('/usr/share/java', `${name}.jar`)).filter((file) => existsSync(file))
  // The last two are left out where JUnit brings its own.
  if (system.length >= pieces.length - 2) return [...own, ...system]
  const place = join(run.solution.folder, 'lib')
  throw new UserError('environment', 'JUnit 5 is not installed: the tests are written for it.', {
    remedy: howToInstall(
      { apt: 'junit5' },
      `Put ${standalone}-<version>.jar into ${place}; it is at https://repo1.maven.org/maven2/org/junit/platform/${standalone}/`,
    ),
  })
}

function jarsIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jar'))
    .sort()
    .map((name) => join(folder, name))
}

/** The jar of the newest version in a folder of Maven's repository. */
function newestIn(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined
  const versions = readdirSync(folder).sort((one, other) => other.localeCompare(one, 'en', { numeric: true }))
  return versions.flatMap((version) => jarsIn(join(folder, version)))[0]
}

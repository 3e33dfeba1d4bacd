import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sourceFiles } from './source-files.ts'
import type { Machine, Toolchain } from './toolchain.ts'

/** Java is compiled by javac, or by Maven where there is a pom.xml; what was built is kept. */
export const java: Toolchain = {
  id: 'java',
  name: 'Java',
  extensions: ['java'],
  mainFiles: ['Main.java', 'src/Main.java', 'src/main/java/Main.java'],
  findMain,
  packages: {
    apt: 'default-jdk-headless',
    brew: 'openjdk',
    dnf: 'java-latest-openjdk-devel',
    apk: 'openjdk21-jdk',
    pacman: 'jdk-openjdk',
  },
  pace: 2.5,
  async version(machine) {
    return `java ${(await findJava(machine, 'java')).version.split('.')[0]}`
  },
  async build(request) {
    const { buildJava } = await import('./java/build-java.ts')
    return buildJava(request)
  },
  explanations: [
    [
      /^Exception in thread "main" java\.lang\.NoClassDefFoundError: (\S+)/m,
      ([, name]) =>
        `The class ${name} was there when it was compiled and is not there now: is its jar in lib/, or its dependency in pom.xml of scope "compile"?`,
    ],
    [/java\.net\.BindException: /, () => 'The port is taken: listen on the one that PORT names, not on a fixed one.'],
    [/has no main|[Mm]ain method not found in class/, () => 'The class needs public static void main(String[] args).'],
  ],
}

/** @param program the virtual machine, or the compiler */
export async function findJava(
  machine: Machine,
  program: 'java' | 'javac',
): Promise<{ file: string; version: string }> {
  const { findTool } = await import('./find-tool.ts')
  const home = machine.hostEnvironment['JAVA_HOME']
  return findTool(
    {
      programs: [program],
      places: home ? [join(home, 'bin')] : [],
      args: ['-version'],
      pattern: /(?:version "|javac )(\d+(?:\.\d+)*)/,
      needed: '17',
      toolchain: java,
    },
    machine,
  )
}

/** The class that says that it is the program: the one that pom.xml names, one named like a program, else the first. */
function findMain(folder: string): string | undefined {
  const programs = sourceFiles(folder, '.java').filter((path) => {
    const text = readFileSync(join(folder, path), 'utf8')
    return /\bstatic\s+(final\s+)?void\s+main\s*\(/.test(text) && isInPlace(path, text)
  })
  const named = programs.find((path) => /(^|\/)(Main|App|Application|\w+(Main|App|Application))\.java$/.test(path))
  const declared = mainOfPom(folder)
  return (
    programs.find((path) => declared !== undefined && path.endsWith(`${declared.replaceAll('.', '/')}.java`)) ??
    named ??
    programs[0]
  )
}

/** A class lies where its package says, below one of the usual roots: others belong to another project. */
function isInPlace(path: string, text: string): boolean {
  const place = /^\s*package\s+([\w.]+)\s*;/m.exec(text)?.[1]?.replaceAll('.', '/') ?? '.'
  return ['.', 'src', 'src/main/java'].some((root) => join(root, place) === dirname(path))
}

function mainOfPom(folder: string): string | undefined {
  const file = join(folder, 'pom.xml')
  if (!existsSync(file)) return undefined
  return /<(?:mainClass|exec\.mainClass|main\.class|start-class)>\s*([\w.]+)\s*</.exec(readFileSync(file, 'utf8'))?.[1]
}

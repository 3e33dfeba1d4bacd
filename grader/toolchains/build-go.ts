import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { solutionEnvironment, wholeEnvironment } from '../solution/environment.ts'
import type { RunScope } from '../solution/run-scope.ts'
import { buildOnce } from './build-once.ts'
import type { Tool } from './find-tool.ts'
import { packageOf } from './go.ts'
import { brokenOff, runTool } from './run-tool.ts'
import { BuildFailure, type BuildRequest, type Machine, type Problem } from './toolchain.ts'

/** Milliseconds: the first build on a machine may compile the standard library, or fetch modules. */
const patience = 240_000

/** @returns the program @throws BuildFailure with the compiler's words */
export async function buildGo(request: BuildRequest, { file, version }: Tool): Promise<string> {
  const { folder, main, output, cache, scope } = request
  const env = await goEnvironment(request, scope)
  const modules = existsSync(join(folder, 'go.mod'))
  // Without a module, the files themselves are named.
  const what = modules
    ? [packageOf(main)]
    : readdirSync(join(folder, dirname(main)))
        .filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'))
        .map((name) => `./${join(dirname(main), name)}`)
  const built = await buildOnce({
    folder,
    cache,
    output,
    // A program knows where its source lies: a stack trace names it.
    salt: `go ${version} ${folder} ${main}`,
    build: async (into) => {
      const command = { file, args: ['build', '-o', join(into, 'program'), ...what], cwd: folder, env }
      const run = await runTool(command, scope, patience)
      if (run.code === 0) return
      const problems = problemsIn(run.stderr, folder)
      throw problems.length > 0 ? new BuildFailure(problems) : brokenOff(run)
    },
  })
  return join(built, 'program')
}

/** In a pod there is no network, and no room of one's own for what the compiler keeps. */
export async function goEnvironment({ hostEnvironment }: Machine, scope: RunScope): Promise<Record<string, string>> {
  if (!scope.isolation.inPod) return wholeEnvironment(hostEnvironment)
  const room = await scope.solutionFolder('go')
  return solutionEnvironment(hostEnvironment, {
    GOCACHE: join(room, 'cache'),
    GOPATH: join(room, 'path'),
    GOTMPDIR: room,
    GOPROXY: 'off',
    GOFLAGS: '-buildvcs=false',
    GOTOOLCHAIN: 'local',
  })
}

/** The compiler's messages; lines that go on, indented, belong to the one before. */
export function problemsIn(stderr: string, folder: string): Problem[] {
  const problems: Problem[] = []
  for (const line of stderr.split('\n')) {
    const [, named, row, column, message = ''] =
      /^(?:\.\/|vet: )?([^\s:]+(?:\.go|go\.mod|go\.sum)):(\d+)(?::(\d+))?: (.*)$/.exec(line) ?? []
    const file = named?.replace(`${folder}/`, '')
    const last = problems.at(-1)
    if (file !== undefined)
      problems.push({
        message,
        file,
        line: Number(row),
        column: Number(column ?? 1),
        ...sourceOf(folder, file, Number(row)),
      })
    else if (/^go: (?!downloading|errors parsing go\.mod:$)/.test(line)) problems.push({ message: line.slice(4) })
    else if (/^\s+\S/.test(line) && last) last.message += `\n${line.trim()}`
  }
  for (const problem of problems)
    if (/; to add it:\ngo get /.test(problem.message))
      problem.message += "\n(in this solution's folder; it asks the network)"
  return problems.slice(0, 50)
}

function sourceOf(folder: string, file: string, line: number): { source?: string } {
  try {
    const source = readFileSync(join(folder, file), 'utf8').split('\n')[line - 1]
    // The column counts a tab as one.
    return source === undefined ? {} : { source: source.replaceAll('\t', ' ') }
  } catch {
    return {}
  }
}

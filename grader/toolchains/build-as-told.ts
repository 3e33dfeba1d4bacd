import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { readYaml } from '../exercise/read-yaml.ts'
import { solutionEnvironment, wholeEnvironment } from '../solution/environment.ts'
import { buildOnce } from './build-once.ts'
import { copySources } from './source-files.ts'
import { runFile } from './custom.ts'
import { runTool } from './run-tool.ts'
import { BuildFailure, type BuildRequest, type Launch, type Problem } from './toolchain.ts'

/** Milliseconds. */
const patience = 300_000

const command = z.string('use one line of a shell, e.g. "ruby main.rb"').trim().min(1, 'must not be empty')

/** `run.yaml`. */
const runSchema = z.strictObject({
  /** For people, e.g. `Rust`. */
  language: z.string().trim().min(1).max(40).optional(),
  /** One command, or several in turn; run in a copy of the solution. */
  build: z.union([command, z.array(command).min(1)]).optional(),
  start: command,
})

/** Builds a copy of the solution and says how to start it. @throws BuildFailure, also for mistakes in `run.yaml` */
export async function buildAsTold(request: BuildRequest): Promise<Launch> {
  const { folder, output, cache, hostEnvironment, scope } = request
  const { value, problems } = await readYaml(join(folder, runFile), runSchema)
  if (!value) throw new BuildFailure(problems.map((problem) => inRunFile(problem)))
  const { build, start } = value
  const steps = build === undefined ? [] : [build].flat()
  const built =
    steps.length === 0
      ? folder
      : await buildOnce({
          folder,
          cache,
          output,
          salt: `run.yaml ${JSON.stringify(steps)}`,
          build: async (into) => {
            await copySources(folder, into)
            for (const step of steps) {
              const env = scope.isolation.inPod
                ? solutionEnvironment(hostEnvironment, {})
                : wholeEnvironment(hostEnvironment)
              const words = { file: '/bin/sh', args: ['-c', step], cwd: into, env }
              const run = await runTool(words, scope, patience)
              if (run.code === 0) continue
              throw new BuildFailure([
                {
                  message: `$ ${step}\n${run.lastLines(30).join('\n')}\n(exit code ${run.code}; told by "build" in ${runFile})`,
                },
              ])
            }
          },
        })
  return { file: '/bin/sh', args: ['-c', `${startLine(start, built)} "$@"`, 'sh'], env: { SOLUTION: built } }
}

/**
 * The line with those words made absolute that name a file of the solution: a command line program is run in other folders.
 * A plain command takes the shell's place, so that signals and exit codes are its own.
 */
function startLine(start: string, built: string): string {
  const line = start.replace(/(?<=^|\s)[^\s'"$;|&<>()`-][^\s'"$;|&<>()`]*(?=\s|$)/g, (word) => {
    const path = join(built, word)
    return /[/.]/.test(word) && existsSync(path) ? `'${path.replaceAll("'", `'\\''`)}'` : word
  })
  return /[;|&<>()\n`]|^\w+=/.test(start) ? line : `exec ${line}`
}

function inRunFile({
  line,
  column,
  message,
  suggestion,
}: Awaited<ReturnType<typeof readYaml>>['problems'][number]): Problem {
  return {
    message: suggestion === undefined ? message : `${message} ${suggestion}`,
    file: runFile,
    ...(line === undefined ? {} : { line, column: column ?? 1 }),
  }
}

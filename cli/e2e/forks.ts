import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { type Grades, gradesSchema } from '../../grader/report/grades.ts'
import { cli, type CliOptions, type CliResult } from './run-cli.ts'
import { tinyCourse, tinyExercise } from './tiny-course.ts'

/** Files by their path; folders are made on the way. */
export function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}

/** A right solution of a tiny exercise, all 10 points. */
export function placeSolution(folder: string, id: 'ping' | 'echo', lang: 'ts' | 'js' = 'js'): void {
  cpSync(tinyExercise(id, 'reference', lang), folder, { recursive: true })
}

/** Solutions of `ping` by what they earn. */
export const pings = {
  /** Everything but the method: 8 of 10 points. */
  good: `import { createServer } from 'node:http'
let pings = 0
createServer((request, response) => {
  const [, route, text] = request.url.split('/')
  const answer = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  if (route === 'echo' && text) return answer(200, { message: decodeURIComponent(text) })
  if (route === 'count') return answer(200, { pings })
  if (route !== 'ping') return answer(404, { error: 'not found' })
  pings++
  answer(200, { message: 'pong' })
}).listen(Number(process.env.PORT), '127.0.0.1')
`,
  /** Nothing: every answer is empty. */
  empty: `import { createServer } from 'node:http'
createServer((_, response) => response.end()).listen(Number(process.env.PORT), '127.0.0.1')
`,
}

/** The fork of a learner: `ping` as given, `echo` right. */
export function makeFork(folder: string, ping: string = pings.good): void {
  writeFiles(folder, {
    'learn-backend.yaml': 'version: 1\nlang: js\n',
    'ping/main.js': ping,
    'ping/package.json': '{ "private": true, "type": "module" }\n',
  })
  placeSolution(join(folder, 'echo'), 'echo')
}

/** What is on the command line unless the test is about something else: the machine may have a stronger one, too. */
export const inBubblewrap: readonly string[] = ['--isolation', 'bubblewrap']

/** Grades by the tiny course unless another is named. */
export function grade(words: string[], options: CliOptions = {}): Promise<CliResult> {
  const course = words.includes('--course') ? [] : ['--course', tinyCourse]
  const isolation = words.includes('--isolation') ? [] : inBubblewrap
  return cli(['grade', ...words, ...course, ...isolation], { deadline: 100_000, ...options })
}

export interface Graded extends CliResult {
  grades: Grades
}

/** Grades, and reads the result. */
export async function gradeToJson(words: string[], options: CliOptions = {}): Promise<Graded> {
  const result = await grade([...words, '--format', 'json=-'], options)
  return { ...result, grades: readGrades(result) }
}

function readGrades({ stdout, stderr, exitCode }: CliResult): Grades {
  try {
    return gradesSchema.parse(JSON.parse(stdout))
  } catch (error) {
    throw new Error(`exit code ${exitCode}, no grades:\n${stdout.slice(0, 2000)}\n${stderr}`, { cause: error })
  }
}

/** One line for each submission: `ana/ping 8/10`, and its cause if it has one. */
export function linesOf({ submissions }: Grades): string[] {
  return submissions.map(({ folder, report: { points, cause } }) =>
    [folder, `${points.earned}/${points.possible}`, cause].filter((part) => part !== undefined).join(' '),
  )
}

/** A repository of its own making, whatever settings the machine has. */
export function gitIn(cwd: string): (...words: string[]) => Promise<string> {
  const env = {
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    ...Object.fromEntries(
      ['AUTHOR', 'COMMITTER'].flatMap((who) => [
        [`GIT_${who}_NAME`, 'a'],
        [`GIT_${who}_EMAIL`, 'a@example.org'],
      ]),
    ),
  }
  return async (...words) => (await execa('git', words, { cwd, env })).stdout
}

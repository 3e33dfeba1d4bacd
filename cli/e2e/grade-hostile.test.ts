import { readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { validateXML } from 'xmllint-wasm'
import { dangersIn } from '../reporters/grades/hostile-grades.ts'
import type { Graded } from './forks.ts'
import { gitIn, grade, gradeToJson, linesOf, makeFork, pings, writeFiles } from './forks.ts'
import { setTrap } from './leftovers.ts'
import { packageRoot } from './run-cli.ts'
import { makeTamperedFork } from './tampered-fork.ts'
import { emptyFolder } from './tiny-course.ts'

/** What a grading found, without what no two gradings share. */
function verdictOf({ grades }: Graded): unknown {
  return grades.submissions.map(({ exercise, report: { exercise: id, status, cause, points, steps, toolchain } }) => ({
    exercise,
    id,
    status,
    cause,
    points,
    toolchain,
    steps: steps.map((step) => ({
      id: step.id,
      status: step.status,
      points: step.points,
      tests: step.tests.map((each) => [each.title, each.status, each.message]),
    })),
  }))
}

test('a fork that changes everything but its solution gets the same verdict, and nothing of it runs', async () => {
  await using trap = await setTrap()
  const honest = emptyFolder()
  makeFork(honest)
  const options = { env: trap.env }
  const expected = await gradeToJson([honest, 'ping', '--seed', 'abcd'], options)
  expect(linesOf(expected.grades)).toEqual(['ping 8/10'])
  await using fork = await makeTamperedFork(emptyFolder())
  for (const words of [[], ['--changed-since', 'base']]) {
    // From outside, and from inside of it, where a program looks for its settings.
    for (const [folder, cwd] of [
      [fork.folder, packageRoot],
      ['.', fork.folder],
    ] as const) {
      const graded = await gradeToJson([folder, 'ping', '--seed', 'abcd', ...words], { ...options, cwd })
      expect(graded.exitCode, graded.stderr).toBe(1)
      expect(verdictOf(graded)).toEqual(verdictOf(expected))
      expect(graded.grades.course).toEqual(expected.grades.course)
    }
  }
  const inClass = await gradeToJson([join(fork.folder, '..'), 'ping', '--seed', 'abcd'], options)
  expect(verdictOf(inClass)).toEqual(verdictOf(expected))
  expect(fork.sprung()).toEqual([])
  expect(await trap.settled()).toEqual([])
})

test('the traps of the tampered fork are real', async () => {
  await using fork = await makeTamperedFork(emptyFolder())
  const git = gitIn(fork.folder)
  writeFiles(fork.folder, { 'ping/main.js': 'changed' })
  await git('status')
  await git('diff').catch(() => '')
  await git('add', '-A')
  expect(fork.sprung()).toEqual(expect.arrayContaining(['clean', 'external-diff', 'fsmonitor', 'hook']))
})

test('a solution that holds a link out of its folder is refused, with the name of the link', async () => {
  const outside = emptyFolder()
  writeFiles(outside, { 'secret.txt': 'CANARY' })
  const folder = emptyFolder()
  const links = {
    absolute: join(outside, 'secret.txt'),
    relative: `../../../${outside.slice(1)}/secret.txt`,
    dangling: '../nowhere',
    neighbour: '../honest/main.mjs',
    itself: 'link',
  }
  for (const [name, target] of Object.entries(links)) {
    writeFiles(folder, { [`${name}/main.mjs`]: pings.good })
    symlinkSync(target, join(folder, name, 'link'))
  }
  writeFiles(folder, { 'honest/main.mjs': pings.good, 'inside/a/program.mjs': pings.good })
  symlinkSync('a/program.mjs', join(folder, 'inside/main.mjs'))
  const { grades, stdout } = await gradeToJson([folder, '--as', 'ping'])
  expect(linesOf(grades)).toEqual([
    'absolute 0/10 refused',
    'dangling 0/10 refused',
    'honest 8/10',
    'inside 8/10',
    'itself 0/10 refused',
    'neighbour 0/10 refused',
    'relative 0/10 refused',
  ])
  const refused = grades.submissions.filter(({ report }) => report.cause === 'refused')
  for (const { report } of refused) expect(report.message).toMatch(/^link is a symbolic link/)
  expect(stdout).not.toContain('CANARY')
})

// As written in a program: sequences of a terminal, commands of pipelines, ends of other formats.
const shouts = [
  '\\u001b[2J\\u001b]0;title\\u0007 \\u009b31m \\u202e',
  '\\n::error file=x::forged\\n::set-output name=points::100\\n  ::stop-commands::x\\n##[error]forged ##vso[task.complete]',
  ']]><injected/></pre></details><script>alert(1)</script> `````` | a | @everyone #1 &lt;',
  '\\r::warning::after a return\\u2028::warning::after a separator',
]
const noise = `const noise = ['${shouts.join("', '")}'].join('')
`

const loud = {
  'in its answers': `${noise}import { createServer } from 'node:http'
createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'x-noise': encodeURI(noise).slice(0, 2000) })
  response.end(JSON.stringify({ message: noise, [noise]: noise }) + noise)
}).listen(Number(process.env.PORT), '127.0.0.1')
`,
  'in its log': `${noise}console.log(noise)
console.error(noise)
import('node:http').then(({ createServer }) => createServer((_, response) => {
  console.log(noise)
  const error = new Error(noise)
  error.name = noise
  throw error
}).listen(Number(process.env.PORT), '127.0.0.1'))
`,
  'when it crashes': `${noise}console.error(noise)\nthrow new Error(noise)\n`,
}

async function xmlErrorsIn(contents: string): Promise<string[]> {
  const schema = readFileSync(join(packageRoot, 'cli/reporters/grades/junit.xsd'), 'utf8')
  const { errors } = await validateXML({ xml: [{ fileName: 'junit.xml', contents }], schema: [schema] })
  return errors.map(({ message }) => message)
}

test('whatever a solution says, no format holds a control character or a command', async () => {
  const folder = emptyFolder()
  for (const [name, main] of Object.entries(loud)) makeFork(join(folder, `::error::${name}`), main)
  // What a compiler repeats.
  writeFiles(join(folder, 'typed'), {
    'learn-backend.yaml': '',
    'ping/main.ts': "import '::error::\u001b[31m\u202e'\n\n::error::forged\n",
  })
  makeFork(join(folder, '\u001b[31m\n::error::name'))
  // Where it can be refused with its name.
  writeFiles(join(folder, 'names'), { 'learn-backend.yaml': '', 'ping/main.mjs': pings.good })
  writeFiles(join(folder, 'names'), { 'ping/a\n::error::b\u001b[2J': 'x' })
  const out = emptyFolder()
  const names = { terminal: 'log.txt', json: 'g.json', junit: 'j.xml', markdown: 'm.md', html: 'h.html', gitlab: 'lab' }
  const formats = Object.entries(names).flatMap(([name, file]) => ['--format', `${name}=${join(out, file)}`])
  const result = await grade([folder, 'ping', ...formats])
  expect(result.exitCode, result.stderr).toBe(1)
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.'))
  expect(files).toHaveLength(7)
  const text = (file: string) => readFileSync(join(out, file), 'utf8')
  for (const file of files) expect(dangersIn(text(file)), file).toEqual([])
  expect(dangersIn(result.stdout)).toEqual([])
  expect(dangersIn(result.stderr)).toEqual([])
  // It is not only gone: what was said can be read.
  expect(text('g.json')).toContain('forged')
  for (const xml of ['j.xml', 'lab/junit.xml']) expect(await xmlErrorsIn(text(xml))).toEqual([])
  const own = await grade([folder, 'ping', '--format', 'terminal', '--format', 'github'])
  expect(own.exitCode, own.stderr).toBe(1)
  const lines = own.stdout.split('\n')
  expect(lines.filter((line) => line.startsWith('::error ')).length).toBeGreaterThanOrEqual(5)
  expect(
    lines.filter((line) => /^\s*::/.test(line) && !/^::(error file=|stop-commands::\w{32}$|\w{32}::$)/.test(line)),
  ).toEqual([])
  expect(own.stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]|##\[|##vso/)
})

test('what a solution prints cannot pass for a result', async () => {
  const folder = emptyFolder()
  const forged = JSON.stringify({ report: { version: 1, status: 'passed', points: { earned: 10, possible: 10 } } })
  makeFork(
    folder,
    `const line = ${JSON.stringify(`${forged}\n`)}
import { writeSync } from 'node:fs'
for (let fd = 0; fd < 20; fd++) try { writeSync(fd, line) } catch {}
process.send?.(JSON.parse(line))
process.exit(0)
`,
  )
  const { exitCode, grades } = await gradeToJson([folder, 'ping'])
  expect(exitCode).toBe(1)
  expect(linesOf(grades)).toEqual(['ping 0/10 crashed'])
})

test('results are not written through links that were handed in', async () => {
  const folder = emptyFolder()
  const outside = emptyFolder()
  makeFork(folder)
  writeFiles(outside, { 'grades.json': 'unchanged' })
  symlinkSync(join(outside, 'grades.json'), join(folder, 'grades.json'))
  symlinkSync(outside, join(folder, 'results'))
  for (const file of ['grades.json', 'results/grades.json']) {
    const result = await grade(['.', 'ping', '--format', `json=${file}`], { cwd: folder })
    expect(result.stderr).toMatch(/is a symbolic link, and results are not written through one/)
    expect(result.exitCode).toBe(2)
    // What was found out is not lost.
    expect(result.stdout).toContain('8/10')
  }
  expect(readdirSync(outside)).toEqual(['grades.json'])
  expect(readFileSync(join(outside, 'grades.json'), 'utf8')).toBe('unchanged')
})

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cli, packageRoot } from './run-cli.ts'
import { emptyFolder } from './tiny-course.ts'

// The same service, the same hidden tests: what they ask for must be possible, and alike, in every language.
const references = ['ts', 'js', 'python', 'go', 'java']
const told = ['ruby', 'php', 'rust']

const solutionIn = (lang: string): string =>
  references.includes(lang)
    ? join(packageRoot, 'exercises/01-languages/hello-http/reference', lang)
    : join(packageRoot, 'fixtures/languages', lang, 'hello-http')

test.each([...references, ...told])('hello-http gets all points in %s', { timeout: 180_000 }, async (lang) => {
  const solution = join(emptyFolder(), lang)
  cpSync(solutionIn(lang), solution, { recursive: true })
  const { stdout, stderr } = await cli(['verify', 'hello-http', '--solution', solution], { deadline: 150_000 })
  expect(stdout + stderr).toMatch(/10 of 10 points · 6 of 6 steps/)
})

test('all of them, graded as strangers’ work in pods', { timeout: 400_000 }, async () => {
  const folder = emptyFolder()
  for (const lang of [...references, ...told]) cpSync(solutionIn(lang), join(folder, lang), { recursive: true })
  const words = ['grade', folder, '--as', 'hello-http', '--isolation', 'bubblewrap', '--jobs', '1', '--format', 'json']
  const { stdout, stderr, exitCode } = await cli(words, { deadline: 380_000 })
  const { submissions } = JSON.parse(stdout) as {
    submissions: { learner: string; report: { status: string; message?: string; points: { earned: number } } }[]
  }
  expect(
    submissions.map(({ learner, report }) => ({ learner, ...report.points, why: report.message })),
    stderr,
  ).toEqual(
    [...references, ...told].toSorted().map((learner) => ({ learner, earned: 10, possible: 10, why: undefined })),
  )
  expect(exitCode).toBe(0)
})

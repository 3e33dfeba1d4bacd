import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { ownPackage } from '../../grader/package-root.ts'
import { cli } from './run-cli.ts'
import { emptyFolder } from './tiny-course.ts'

function repository(): string {
  const folder = emptyFolder()
  mkdirSync(join(folder, '.git'))
  return folder
}

test.each([
  ['github', ['.github/workflows/grade.yml', '.github/workflows/comment.yml']],
  ['gitlab', ['.gitlab-ci.yml']],
  ['jenkins', ['Jenkinsfile']],
])('ci init %s writes the pipeline with this version, and writing it again changes nothing', async (name, paths) => {
  const cwd = repository()
  const { exitCode, stdout, stderr } = await cli(['ci', 'init', name], { cwd })
  expect(exitCode, stderr).toBe(0)
  const texts = paths.map((path) => readFileSync(join(cwd, path), 'utf8'))
  for (const text of texts) expect(text).toContain(`learn-backend@${ownPackage().version}`)
  for (const path of paths) expect(stdout).toContain(path)
  expect(stdout).not.toContain('not the root')

  const again = await cli(['ci', 'init', name, '--json'], { cwd })
  expect(JSON.parse(again.stdout)).toEqual({ files: paths.map((path) => ({ path, state: 'unchanged' })) })
  expect(paths.map((path) => readFileSync(join(cwd, path), 'utf8'))).toEqual(texts)
})

test('a file that differs is left alone, nothing else is written, and the way on is said', async () => {
  const cwd = repository()
  mkdirSync(join(cwd, '.github/workflows'), { recursive: true })
  writeFileSync(join(cwd, '.github/workflows/comment.yml'), 'mine\n')
  const { exitCode, stderr } = await cli(['ci', 'init', 'github', '--fail-under', '80'], { cwd })
  expect(exitCode).toBe(2)
  expect(stderr).toContain('.github/workflows/comment.yml exists')
  expect(stderr).toContain('npx learn-backend ci init github --fail-under 80 --print')
  expect(readdirSync(join(cwd, '.github/workflows'))).toEqual(['comment.yml'])
  expect(readFileSync(join(cwd, '.github/workflows/comment.yml'), 'utf8')).toBe('mine\n')
})

test('a link that leads nowhere is not written through', async () => {
  const cwd = repository()
  symlinkSync(join(cwd, 'elsewhere'), join(cwd, 'Jenkinsfile'))
  const { exitCode, stderr } = await cli(['ci', 'init', 'jenkins'], { cwd })
  expect(exitCode).toBe(2)
  expect(stderr).toContain("Jenkinsfile can't be written")
  expect(readdirSync(cwd).sort()).toEqual(['.git', 'Jenkinsfile'])
})

test('--print prints what would be written, and writes nothing', async () => {
  const cwd = repository()
  const { stdout } = await cli(['ci', 'init', 'gitlab', '--fail-under', '75', '--print'], { cwd })
  expect(JSON.stringify(parse(stdout))).toContain('--fail-under 75')
  expect(readdirSync(cwd)).toEqual(['.git'])
})

test('a course of the repository is taken into the pipeline', async () => {
  const cwd = repository()
  mkdirSync(join(cwd, 'course'))
  writeFileSync(join(cwd, 'course/course.yaml'), '')
  const { stdout } = await cli(['ci', 'init', 'github', '--course', './course/', '--print'], { cwd })
  expect(stdout).toContain('--course "$GITHUB_WORKSPACE/base/course"')
})

test.each([
  [['gitlb'], 'Did you mean "gitlab"?'],
  [['azure'], 'ci init github|gitlab|jenkins'],
  [['github', '--course', 'nowhere'], 'no course.yaml in nowhere'],
  [['github', '--fail-under', '101'], 'no percentage'],
  [['github', '--isolation', 'none'], 'Allowed choices'],
])('%o is a wrong usage', async (words, why) => {
  const { exitCode, stderr, stdout } = await cli(['ci', 'init', ...words], { cwd: repository() })
  expect(stderr).toContain(why)
  expect(exitCode).toBe(2)
  expect(stdout).toBe('')
})

test('outside of the root of a repository it says that no platform would look there', async () => {
  const { stdout } = await cli(['ci', 'init', 'gitlab'], { cwd: emptyFolder() })
  expect(stdout).toContain('not the root of a git repository')
})

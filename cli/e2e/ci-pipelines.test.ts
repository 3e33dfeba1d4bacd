import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { ciFiles } from '../../grader/ci/ci-files.ts'
import { type Platform, platform } from './ci-platform.ts'
import { githubMachine, runSteps, type Step } from './github-runner.ts'

const version = '0.1.0'
const hostile = '$(touch "$HOME/../pwned")`touch pwned`; touch pwned "\' && touch pwned'

/** A fork that would like npm to run its scripts and the results to be written elsewhere. */
function plant(folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { preinstall: 'touch ../../pwned' } }))
  writeFileSync(join(folder, '.npmrc'), 'registry=http://127.0.0.1:9/\nscript-shell=./evil\n')
}

function expectNothingPlanted({ root, workspace, temp }: Platform): void {
  for (const folder of [root, workspace, temp]) expect(existsSync(join(folder, 'pwned'))).toBe(false)
}

function expectCleanInstall(machine: Platform, submission: string): void {
  const [install] = machine.calls('npm')
  expect(install?.args).toEqual(
    expect.arrayContaining(['install', '--ignore-scripts', `learn-backend@${version}`, '--prefix']),
  )
  const prefix = install?.args[install.args.indexOf('--prefix') + 1] ?? ''
  for (const place of [install?.cwd ?? '', prefix]) expect(`${place}/`.startsWith(`${submission}/`)).toBe(false)
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@localhost', '-c', 'init.defaultBranch=main']
  const { stdout } = await execa('git', [...identity, ...args], { cwd })
  return stdout
}

/** A clone in which a fork has changed the course of the base. @returns the base's commit */
async function tamperedClone(folder: string): Promise<string> {
  mkdirSync(join(folder, 'course'), { recursive: true })
  await git(folder, 'init', '--quiet')
  writeFileSync(join(folder, 'course/course.yaml'), 'of the base')
  await git(folder, 'add', '.')
  await git(folder, 'commit', '--quiet', '--message', 'base')
  const base = await git(folder, 'rev-parse', 'HEAD')
  writeFileSync(join(folder, 'course/course.yaml'), 'of the fork')
  writeFileSync(join(folder, '.gitattributes'), '* export-ignore\n')
  await git(folder, 'add', '.')
  await git(folder, 'commit', '--quiet', '--message', 'fork')
  return base
}

function githubSteps(options: Parameters<typeof ciFiles>[1]): Step[] {
  return (parse(ciFiles('github', options)[0]?.text ?? '') as { jobs: { grade: { steps: Step[] } } }).jobs.grade.steps
}

test('GitHub: the fork is graded as data, as root, with no more of the environment than GitHub reads', async () => {
  const machine = githubMachine()
  plant(join(machine.workspace, 'submission'))
  const context = { 'github.event.pull_request.base.sha': hostile }
  const { ended } = await runSteps(machine, githubSteps({ version, gradeOptions: ['--fail-under', '80'] }), { context })
  expect(Object.values(ended).map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
  expectCleanInstall(machine, join(machine.workspace, 'submission'))
  expect(machine.calls('apt-get').at(-1)?.args).toContain('bubblewrap')

  const [grade, ...others] = machine.calls('learn-backend')
  expect(others).toEqual([])
  const results = join(machine.temp, 'results')
  expect(grade?.args).toEqual(
    [
      ['grade', 'submission', '--changed-since', hostile, '--fail-under', '80'],
      ['--format', 'github', '--format', `json=${results}/grades.json`, '--format', `html=${results}/grades.html`],
    ].flat(),
  )
  expect(grade?.cwd).toBe(machine.workspace)
  expect(grade?.env).toMatchObject({
    GITHUB_OUTPUT: machine.env['GITHUB_OUTPUT'],
    GITHUB_STEP_SUMMARY: machine.env['GITHUB_STEP_SUMMARY'],
    PATH: machine.env['PATH'],
  })
  expect(grade?.env).not.toHaveProperty('A_SECRET')
  expectNothingPlanted(machine)
})

test('GitHub: what was not passed fails the step, after its results were given back', async () => {
  const machine = githubMachine()
  writeFileSync(join(machine.root, 'grade-exits-with'), '1')
  const { ended } = await runSteps(machine, githubSteps({ version }), { context: {} })
  expect(ended['Grade']?.exitCode).toBe(1)
  expect(machine.calls('sudo').at(-1)?.args).toEqual(
    [['chown', '--recursive', expect.stringMatching(/^\d+:\d+$/), join(machine.temp, 'results')]].flat(),
  )
  expect(existsSync(join(machine.temp, 'results/grades.json'))).toBe(true)
})

test('GitHub: a course is taken from the checkout of the base', async () => {
  const machine = githubMachine()
  await runSteps(machine, githubSteps({ version, course: 'course' }), { context: {} })
  const [grade] = machine.calls('learn-backend')
  expect(grade?.args).toEqual(expect.arrayContaining(['--course', join(machine.workspace, 'base/course')]))
})

const actionSteps = (parse(readFileSync('action.yml', 'utf8')) as { runs: { steps: Step[] } }).runs.steps

test('the composite action passes each input on as one word, and leaves out what was not given', async () => {
  const given = githubMachine()
  const inputs = { version, folder: '-submission', course: hostile, 'changed-since': 'HEAD~1', 'fail-under': '50' }
  const more = { isolation: 'bubblewrap', formats: `junit=${given.temp}/junit.xml\n` }
  const contextOf = (values: Record<string, string>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`inputs.${name}`, value]))
  await runSteps(given, actionSteps, { context: contextOf({ ...inputs, ...more }) })
  const results = join(given.temp, 'results')
  const fixed = ['--format', 'github', '--format', `json=${results}/grades.json`]
  expect(given.calls('learn-backend')[0]?.args).toEqual(
    [
      ['grade', '--isolation=bubblewrap', `--course=${hostile}`, '--changed-since=HEAD~1', '--fail-under=50'],
      [`--format=junit=${given.temp}/junit.xml`, ...fixed, '--format', `html=${results}/grades.html`],
      ['--', '-submission'],
    ].flat(),
  )
  expectNothingPlanted(given)

  const spare = githubMachine()
  await runSteps(spare, actionSteps, { context: contextOf({ version, folder: 'submission', isolation: 'docker' }) })
  expect(spare.calls('learn-backend')[0]?.args.slice(0, 3)).toEqual(['grade', '--isolation=docker', '--format'])
  expect(spare.calls('apt-get')).toEqual([])
})

test.each(['latest', '1', '1.2.3 --registry=http://127.0.0.1:9', ''])(
  'the composite action installs no version "%s"',
  async (wanted) => {
    const machine = githubMachine()
    const { ended } = await runSteps(machine, actionSteps.slice(0, 2), { context: { 'inputs.version': wanted } })
    expect(Object.values(ended)[0]).toMatchObject({ exitCode: 2, output: expect.stringContaining('exact version') })
    expect(machine.calls('npm')).toEqual([])
  },
)

/** The machine's `/opt` is in its own folder; the runner's shell gets the script's items as one script. */
async function runGitlab(machine: Platform, options: Parameters<typeof ciFiles>[1], base: string) {
  const { grade } = parse(ciFiles('gitlab', options)[0]?.text ?? '') as { grade: { script: string[] } }
  const opt = join(machine.root, 'opt')
  const env = { GITLAB_CI: 'true', CI_PROJECT_DIR: machine.workspace, CI_MERGE_REQUEST_DIFF_BASE_SHA: base }
  return { opt, ...(await machine.run(grade.script.join('\n').replaceAll('/opt/', `${opt}/`), { env })) }
}

test('GitLab: the merge request is graded with the course of the commit it is based on', async () => {
  const machine = platform()
  const base = await tamperedClone(machine.workspace)
  plant(machine.workspace)
  const { opt, exitCode, output } = await runGitlab(machine, { version, course: 'course' }, base)
  expect(exitCode, output).toBe(0)
  expectCleanInstall(machine, machine.workspace)
  const [grade] = machine.calls('learn-backend')
  expect(grade?.args.slice(0, 6)).toEqual(
    [['grade', machine.workspace, '--changed-since', base, '--course', join(opt, 'base/course')]].flat(),
  )
  expect(readFileSync(join(opt, 'base/course/course.yaml'), 'utf8')).toBe('of the base')
  expect(existsSync(join(machine.workspace, 'learn-backend-results/junit.xml'))).toBe(true)
})

test('GitLab: a link in the submission does not lead the results elsewhere', async () => {
  const machine = platform()
  const elsewhere = join(machine.root, 'elsewhere')
  mkdirSync(elsewhere)
  symlinkSync(elsewhere, join(machine.workspace, 'learn-backend-results'))
  writeFileSync(join(machine.root, 'grade-exits-with'), '1')
  const { exitCode } = await runGitlab(machine, { version }, hostile)
  expect(exitCode).toBe(1)
  expect(existsSync(join(elsewhere, 'junit.xml'))).toBe(false)
  expect(existsSync(join(machine.workspace, 'learn-backend-results/grades.json'))).toBe(true)
  expectNothingPlanted(machine)
})

async function runJenkins(machine: Platform, options: Parameters<typeof ciFiles>[1], target: string | undefined) {
  const scripts = (ciFiles('jenkins', options)[0]?.text ?? '').split("'''").filter((_, index) => index % 2 === 1)
  const env = { WORKSPACE: machine.workspace, WORKSPACE_TMP: machine.temp, ...(target && { CHANGE_TARGET: target }) }
  let last
  for (const script of scripts) {
    last = await machine.run(script, { env })
    if (last.exitCode !== 0) break
  }
  return last
}

test('Jenkins: the pull request is graded with the course of its target branch', async () => {
  const machine = platform()
  const submission = join(machine.workspace, 'submission')
  const base = await tamperedClone(submission)
  await git(submission, 'update-ref', 'refs/remotes/origin/main', base)
  plant(submission)
  const ended = await runJenkins(machine, { version, course: 'course', gradeOptions: ['--fail-under', '60'] }, 'main')
  expect(ended?.exitCode, ended?.output).toBe(0)
  expectCleanInstall(machine, submission)
  expect(readFileSync(join(machine.workspace, 'base/course/course.yaml'), 'utf8')).toBe('of the base')
  const results = join(machine.workspace, 'results')
  expect(machine.calls('learn-backend')[0]?.args).toEqual(
    [
      ['grade', 'submission', '--course', join(machine.workspace, 'base/course'), '--fail-under', '60'],
      ['--changed-since', 'refs/remotes/origin/main', '--format', 'terminal'],
      ['--format', `junit=${results}/junit.xml`, '--format', `json=${results}/grades.json`],
      ['--format', `html=${results}/grades.html`],
    ].flat(),
  )
})

test('Jenkins: outside of a pull request everything is graded, and the grader decides how the build ends', async () => {
  const machine = platform()
  writeFileSync(join(machine.root, 'grade-exits-with'), '1')
  expect((await runJenkins(machine, { version }, undefined))?.exitCode).toBe(1)
  expect(machine.calls('learn-backend')[0]?.args).not.toContain('--changed-since')
  expect(existsSync(join(machine.workspace, 'results/junit.xml'))).toBe(true)
})

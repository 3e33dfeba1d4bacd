import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { ciFiles } from '../../grader/ci/ci-files.ts'
import type { Platform } from './ci-platform.ts'
import { githubMachine, runSteps, type Step } from './github-runner.ts'
import { smallGrades } from './small-grades.ts'
import { zipFile } from './zip-file.ts'

const head = 'a'.repeat(40)
const base = 'b'.repeat(40)
const point = 'c'.repeat(40)
const file = '.github/workflows/grade.yml'
const branch = '$(touch pwned)`touch pwned`'

interface Comment {
  id: number
  user: { login: string }
  body: string
}

/** What GitHub knows; `contents` by path and commit. */
interface World {
  pulls: { number: number; head: { sha: string; repo: { full_name: string } }; base: { sha: string } }[]
  contents: Record<string, string>
  artifacts: { id: number; name: string; size_in_bytes: number }[]
  zip: Buffer
  comments: Comment[]
  runPath: string
}

function world(changes: Partial<World> = {}): World {
  const zip = zipFile([['grades.json', JSON.stringify(smallGrades())]])
  return {
    pulls: [{ number: 7, head: { sha: head, repo: { full_name: 'learner/course' } }, base: { sha: base } }],
    contents: { [`${file}@${point}`]: 'blob1', [`${file}@${head}`]: 'blob1' },
    artifacts: [{ id: 5, name: 'learn-backend', size_in_bytes: zip.length }],
    zip,
    comments: [],
    runPath: file,
    ...changes,
  }
}

// Like GitHub's own: "--jq" is jq, an answer of 404 is printed and fails.
const gh = `
const world = JSON.parse(fs.readFileSync(path.join(root, 'world.json'), 'utf8'))
const words = call.args.slice(1)
const options = {}
let place
for (let index = 0; index < words.length; index++) {
  if (['--paginate', '--silent'].includes(words[index])) continue
  if (words[index].startsWith('--')) (options[words[index]] ??= []).push(words[++index])
  else place = words[index]
}
const [where, query = ''] = place.split('?')
const rest = where.replace('repos/teacher/course/', '')
const answer = () => {
  if (options['--method']?.[0] === 'POST' || options['--method']?.[0] === 'PATCH') {
    const body = fs.readFileSync(options['--field'][0].replace('body=@', ''), 'utf8')
    fs.appendFileSync(path.join(root, 'written.jsonl'), JSON.stringify([options['--method'][0], rest, body]) + '\\n')
    return {}
  }
  if (rest === 'pulls') return options['--raw-field'].includes('head=learner:' + ${JSON.stringify(branch)}) ? world.pulls : []
  if (rest === 'compare/${base}...${head}') return { merge_base_commit: { sha: '${point}' } }
  if (rest.startsWith('contents/')) {
    const sha = world.contents[rest.slice(9) + '@' + query.replace('ref=', '')]
    return sha && { sha }
  }
  if (rest === 'actions/runs/99/artifacts') return { artifacts: world.artifacts }
  if (rest === 'issues/7/comments') return world.comments
}
if (rest === 'actions/artifacts/5/zip') {
  fs.writeSync(1, fs.readFileSync(path.join(root, 'artifact.zip')))
  process.exit(0)
}
const found = answer()
if (found === undefined) {
  console.log('{"message":"Not Found","status":"404"}')
  process.exit(1)
}
const text = JSON.stringify(found)
if (!options['--jq']) process.exit(0)
const { status, stderr } = childProcess.spawnSync('jq', ['-r', options['--jq'][0]], { input: text, stdio: ['pipe', 'inherit', 'pipe'] })
process.stderr.write(stderr)
process.exit(status)`

interface Commented {
  machine: Platform
  /** Method, place and body of each comment written. */
  written: [method: string, place: string, body: string][]
  output: string
}

async function comment(github: World): Promise<Commented> {
  const machine = githubMachine()
  machine.standIn('gh', gh)
  const { zip, runPath, ...rest } = github
  writeFileSync(join(machine.root, 'world.json'), JSON.stringify(rest))
  writeFileSync(join(machine.root, 'artifact.zip'), zip)
  const workflow = parse(ciFiles('github', { version: '0.1.0' })[1]?.text ?? '') as {
    jobs: { comment: { env: Record<string, string>; steps: Step[] } }
  }
  const { env, steps } = workflow.jobs.comment
  const run = 'github.event.workflow_run'
  const context = {
    'github.token': 'token',
    'github.repository': 'teacher/course',
    [`${run}.head_repository.full_name`]: 'learner/course',
    [`${run}.head_repository.owner.login`]: 'learner',
    [`${run}.head_branch`]: branch,
    [`${run}.head_sha`]: head,
    [`${run}.path`]: runPath,
    [`${run}.id`]: '99',
    [`${run}.html_url`]: 'https://github.com/teacher/course/actions/runs/99',
  }
  const { ended } = await runSteps(machine, steps, { context, env })
  // "Read the report" may fail; everything else may not.
  for (const [name, { exitCode, output }] of Object.entries(ended))
    if (name !== 'Read the report') expect(exitCode, output).toBe(0)
  for (const folder of [machine.root, machine.workspace, machine.temp])
    expect(existsSync(join(folder, 'pwned'))).toBe(false)
  const log = join(machine.root, 'written.jsonl')
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
  return {
    machine,
    written: lines.map((line) => JSON.parse(line) as Commented['written'][number]),
    output: Object.values(ended)
      .map(({ output }) => output)
      .join('\n'),
  }
}

const notGraded = expect.stringContaining('**Not graded.**')

test('the points are commented under the pull request that GitHub names', async () => {
  const { written, output } = await comment(world())
  expect(written, output).toEqual([['POST', 'issues/7/comments', expect.stringContaining('7/10')]])
  expect(written[0]?.[2]).toMatch(/^<!-- learn-backend grades -->\n/)
})

test('a later run rewrites its own comment, and nobody else’s that begins alike', async () => {
  const body = '<!-- learn-backend grades -->\nolder'
  const comments = [
    { id: 1, user: { login: 'learner' }, body },
    { id: 2, user: { login: 'github-actions[bot]' }, body: 'from another workflow' },
    { id: 3, user: { login: 'github-actions[bot]' }, body },
  ]
  const { written } = await comment(world({ comments }))
  expect(written).toEqual([['PATCH', 'issues/comments/3', expect.stringContaining('7/10')]])
})

test.each([
  ['changes the workflow', { contents: { [`${file}@${point}`]: 'blob1', [`${file}@${head}`]: 'blob2' } }],
  ['takes the workflow away', { contents: { [`${file}@${point}`]: 'blob1' } }],
  ['brings the workflow along', { contents: { [`${file}@${head}`]: 'blob2' } }],
  ['has another one of the same name', { runPath: '.github/workflows/other.yml' }],
])('a pull request that %s gets no points, and nothing of its artifact is fetched', async (_, changes) => {
  const { written, machine } = await comment(world(changes))
  expect(written).toEqual([['POST', 'issues/7/comments', notGraded]])
  expect(written[0]?.[2]).not.toContain('7/10')
  expect(machine.calls('npm')).toEqual([])
  expect(machine.calls('gh').some(({ args }) => args.join(' ').includes('artifacts'))).toBe(false)
})

test.each([
  ['has moved on', [{ ...world().pulls[0], head: { sha: 'd'.repeat(40), repo: { full_name: 'learner/course' } } }]],
  ['is another fork’s', [{ ...world().pulls[0], head: { sha: head, repo: { full_name: 'other/course' } } }]],
  ['is closed', []],
])('nothing is commented when the pull request %s', async (_, pulls) => {
  const { written } = await comment(world({ pulls: pulls as World['pulls'] }))
  expect(written).toEqual([])
})

test.each([
  ['is missing', { artifacts: [] }],
  ['is too large', { artifacts: [{ id: 5, name: 'learn-backend', size_in_bytes: 50_000_000 }] }],
  ['is no archive', { zip: Buffer.from('not a zip') }],
  ['holds no report', { zip: zipFile([['other.json', '{}']]) }],
  ['holds two reports', { zip: zipFile(['grades.json', 'grades.json'].map((name) => [name, '{}'])) }],
  ['holds something else', { zip: zipFile([['grades.json', '{"points":100}']]) }],
  ['unpacks to more than a report can be', { zip: zipFile([['grades.json', Buffer.alloc(70 * 1024 * 1024, 32)]]) }],
])('an artifact that %s is said to be none', async (_, changes) => {
  const { written, output } = await comment(world(changes))
  expect(written, output).toEqual([['POST', 'issues/7/comments', notGraded]])
  expect(written[0]?.[2]).toContain('actions/runs/99')
})

test('no name in the archive becomes a file, and no text of the solution a mention or markup', async () => {
  const message = '@everyone <script>alert(1)</script> <!-- ::error::pwned\n::set-output name=a::b'
  const zip = zipFile([
    ['../../pwned', 'x'],
    ['pwned', 'x'],
    ['grades.json', JSON.stringify(smallGrades('ana](javascript:x) @everyone', message))],
  ])
  const { written, output } = await comment(world({ zip }))
  const body = written[0]?.[2] ?? ''
  expect(body, output).toContain('7/10')
  const outsideOfFences = body.replace(/^(`{3,}|~{3,}).*\n[^]*?^\1`*~*$/gm, '')
  expect(outsideOfFences).not.toMatch(/<script|(^|[^\w`\\&;])@everyone/m)
  expect(output).not.toMatch(/^\s*::(error|set-output)/m)
})

test('a report that is longer than a comment is cut at a line, and says so', async () => {
  const one = smallGrades()
  const submissions = Array.from({ length: 400 }, (_, index) => ({
    ...smallGrades(`learner-${index}`, `wrong ☂ ${'x'.repeat(500)}`).submissions[0]!,
  }))
  const zip = zipFile([['grades.json', JSON.stringify({ ...one, submissions })]])
  const { written } = await comment(world({ zip }))
  const body = written[0]?.[2] ?? ''
  expect(Buffer.byteLength(body)).toBeLessThan(65_536)
  expect(body).toContain('too long for a comment')
  expect(body).not.toContain('\ufffd')
})

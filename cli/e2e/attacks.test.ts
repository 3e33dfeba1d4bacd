import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { gradesSchema } from '../../grader/report/grades.ts'
import { readAttacks, readControls, type Attack } from '../../fixtures/attacks/read-attacks.ts'
import { runAttack, type Graded, type Submission } from '../../fixtures/attacks/run-attacks.ts'
import { kinds } from '../../fixtures/attacks/kinds.ts'
import { packageRoot, program } from './run-cli.ts'

/** Those that confine, and who grades. */
const isolations = {
  bubblewrap: { words: ['--isolation', 'bubblewrap'] },
  'bubblewrap as an ordinary user': { words: ['--isolation', 'bubblewrap'], ordinary: true },
  docker: {
    words:
      '--isolation docker --isolation-image learn-backend-test/node:20 --image redis=learn-backend-test/redis:7'.split(
        ' ',
      ),
  },
} satisfies Record<string, { words: string[]; ordinary?: true }>
const root = join(packageRoot, 'fixtures/attacks')
const attacks = await readAttacks(root)
const controls = await readControls(root)

test('the corpus has an attack of every kind', () => {
  const there = new Set(attacks.map(({ kind }) => kind))
  expect(Object.keys(kinds).filter((kind) => !there.has(kind as Attack['kind']))).toEqual([])
})

test('the corpus stands beside the same honest program everywhere', () => {
  for (const file of ['honest.js', 'honest-cached.js']) {
    const text = readFileSync(join(root, file), 'utf8')
    const copies = attacks.map(({ folder }) => join(folder, file)).filter((copy) => existsSync(copy))
    expect(copies.filter((copy) => readFileSync(copy, 'utf8') !== text)).toEqual([])
  }
})

/** Somebody without rights: whoever runs the tests, if they are not root's. */
const somebody = '1000'
const isRoot = process.getuid?.() === 0

/** Grades the solution in its fork, as a pipeline does. */
function gradeIn({ words, ordinary = false }: { words: string[]; ordinary?: boolean }) {
  return async ({ fork, course, attack, env, signal }: Submission): Promise<Graded> => {
    const where = ['--course', course, ...words, '--services', 'native']
    const command = [process.execPath, program, 'grade', fork, attack.exercise, ...where, '--format', 'json']
    if (ordinary && isRoot)
      command.unshift('setpriv', `--reuid=${somebody}`, `--regid=${somebody}`, '--clear-groups', '--')
    const [file = '', ...args] = command
    const run = await execa(file, args, {
      env: { ...env, FORCE_COLOR: undefined, NO_COLOR: undefined, NODE_OPTIONS: undefined },
      stdin: 'ignore',
      reject: false,
      cancelSignal: signal,
      forceKillAfterDelay: false,
      killSignal: 'SIGKILL',
    })
    const output = `${run.stdout}\n${run.stderr}`
    if (run.exitCode !== 0 && run.exitCode !== 1) throw new Error(`exit code ${run.exitCode}: ${output.slice(-2000)}`)
    const { submissions } = gradesSchema.parse(JSON.parse(run.stdout))
    const report = submissions.find(({ exercise }) => exercise === attack.exercise)?.report
    if (!report || submissions.length !== 1) throw new Error(`not one submission but ${submissions.length}`)
    return { report, output }
  }
}

// Two cores carry no more: others wait, instead of missing deadlines that would be an honest program's fault.
let free = 2
const waiting: (() => void)[] = []
async function inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
  if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve))
  else free--
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
}

for (const [name, isolation] of Object.entries<{ words: string[]; ordinary?: true }>(isolations)) {
  describe.concurrent(`an attack gains nothing in ${name}`, { timeout: 1_800_000 }, () => {
    for (const attack of [...controls, ...attacks]) {
      test(`${attack.name}: ${attack.attack}`, async () => {
        const owner = isolation.ordinary && isRoot ? somebody : undefined
        const outcome = await inTurn(() => runAttack(attack, gradeIn(isolation), { root, packageRoot, owner }))
        expect(outcome.why).toEqual([])
        // Without control groups some limits are rough, and told only as far as a program's last words tell them.
        if (!isolation.ordinary || attack.kind === 'control')
          expect(outcome.misreported, JSON.stringify(outcome.report)).toEqual([])
      })
    }
  })
}

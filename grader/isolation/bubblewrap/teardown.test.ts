import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { controlGroupsOf, describeProcess, processesWith, settled } from '../../../fixtures/leftovers.js'
import {
  as,
  confinedProgram,
  copyOfPrograms,
  folderOf,
  graders,
  limits,
  runConfined,
} from '../../../fixtures/isolation/run-confined.ts'

/** Twice as many daemons. */
const daemons = (times: number) => ({ file: '/bin/sh', args: ['<solution>/daemonises.sh', String(times)] })

for (const grader of graders) {
  const who = grader === 'root' ? 'root' : 'an ordinary user'

  test(`daemons are gone after a grading by ${who}, and so are its control groups`, async () => {
    const mark = `isolation-${grader}-${Date.now()}`
    const { outcomes, groups } = await runConfined({
      grader,
      solution: copyOfPrograms(grader),
      programs: [{ ...daemons(3), env: { MARK: mark } }],
    })
    expect(outcomes[0]).toMatchObject({ code: 0, stdout: 'ready\n' })
    expect(processesWith([`MARK=${mark}`]).map(describeProcess)).toEqual([])
    expect(groups.filter((group) => existsSync(group))).toEqual([])
  })

  test(`200 daemons end with the program that started them, and the pod in time, when ${who} grades`, async () => {
    const mark = `isolation-${grader}-${Date.now()}`
    const counting = 'ls /proc | grep -c "^[0-9]"'
    const { outcomes, teardown } = await runConfined({
      grader,
      solution: copyOfPrograms(grader),
      limits: { processes: 512 },
      programs: [
        {
          file: '/bin/sh',
          args: ['-c', `sh "$0" 100 && ${counting}`, '<solution>/daemonises.sh'],
          env: { MARK: mark },
        },
        { file: '/bin/sh', args: ['-c', counting] },
      ],
    })
    const [ready, count] = (outcomes[0]?.stdout ?? '').split('\n')
    expect(ready).toBe('ready')
    expect(Number(count)).toBeGreaterThanOrEqual(200)
    expect(Number(outcomes[1]?.stdout)).toBeLessThan(100)
    expect(teardown).toBeLessThan(2000)
    expect(processesWith([`MARK=${mark}`]).map(describeProcess)).toEqual([])
  })

  test(`a solution that kills all that it sees ends only itself when ${who} grades`, async () => {
    const kills = { file: '/bin/sh', args: ['-c', 'kill -9 -1; kill -9 1; echo alone'] }
    const says = { file: '/bin/echo', args: ['here'] }
    const { outcomes } = await runConfined({
      grader,
      solution: copyOfPrograms(grader),
      programs: Array.from({ length: 5 }, () => [kills, says]).flat(),
    })
    const said = outcomes.filter((_, index) => index % 2 === 1).map(({ stdout }) => stdout)
    expect(said).toEqual(Array(5).fill('here\n'))
  })

  test(`kill -9 of a grader that is ${who} leaves no process, no folder and no control group, 30 times`, async () => {
    const solution = copyOfPrograms(grader)
    const [file, ...words] = [...as(grader), process.execPath, await confinedProgram(), 'outside']
    const request = {
      isolation: 'bubblewrap',
      readable: [],
      solution,
      limits,
      programs: [{ ...daemons(5), whenReady: ['wait', 'wait', 'wait', 'wait'] }],
    }
    let seen = 0
    for (let round = 0; round < 30; round++) {
      const tmp = folderOf(grader)
      const mark = `TMPDIR=${tmp}`
      const child = spawn(file, words, {
        stdio: ['pipe', 'ignore', 'inherit'],
        env: { PATH: process.env['PATH'], TMPDIR: tmp },
      })
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.stdin.write(`${JSON.stringify(request)}\n`)
      // From before anything was started until the daemons are there.
      await sleep(60 + round * 12)
      const runs = runsIn(tmp)
      if (runs.some((run) => processesWith([`LEARN_BACKEND_RUN=${run}`]).length > 0)) seen++
      child.kill('SIGKILL')
      await ended
      const left = () => [...readdirSync(tmp), ...processesWith([mark]).map(describeProcess), ...controlGroupsOf(runs)]
      expect(await settled(left, 2000, 10), `round ${round}`).toEqual([])
    }
    // Else the rounds would prove nothing.
    expect(seen).toBeGreaterThan(15)
  })
}

/** The ids of the runs that have their folders there. */
function runsIn(tmp: string): string[] {
  return readdirSync(tmp).flatMap((name) => /^learn-backend-run-(\w+)$/.exec(name)?.[1] ?? [])
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

import { readHidden, SolutionFailure, type Suite, type SuiteRun, together } from 'learn-backend/kit'

const asGiven = 'as-given'

/** Why a suite fails that has passed with the very same cache. */
export const luck =
  'The suite has passed, and now it fails with the very same right cache: its verdict depends on luck.'

/** Fails unless the suite passes with this right cache, in all of so many runs at the same time. */
export async function accepts(suite: Suite, cache: string, why: string, runs = 1): Promise<void> {
  const results = await together(runs, () => runWith(suite, `right/${cache}.js`))
  const bad = results.find((run) => run.outcome !== 'passed') ?? results[0]
  if (!bad) throw new Error('runs must be at least 1')
  if (bad.outcome === 'passed') return
  if (cache !== asGiven && bad.outcome === 'failed') await accepts(suite, asGiven, luck, 2)
  const evidence = { asked: 'run all tests with a right cache', expected: 'all tests pass', got: inWords(bad) }
  switch (bad.outcome) {
    case 'failed':
      throw new SolutionFailure('wrong_answer', why, { ...evidence, notes: failedTests(bad) })
    case 'no-tests':
      throw new SolutionFailure('wrong_answer', 'There is no test that could pass.', {
        ...evidence,
        notes: ['Tests stand in files named *.test.ts or *.test.js. A skipped test and a todo do not count.'],
      })
    case 'build-failed':
      throw new SolutionFailure('crashed', 'The test files could not be read.', { ...evidence, log: lines(bad) })
    case 'crashed':
      throw new SolutionFailure('crashed', 'The suite crashed with a right cache.', {
        ...evidence,
        notes: [
          'An error outside of all tests ends a suite, and so does a promise that rejects when its test is over: ' +
            'await each promise that a test makes.',
        ],
        log: lines(bad),
      })
    case 'timeout':
      throw new SolutionFailure('timeout', 'The suite did not come to an end with a right cache.', {
        ...evidence,
        notes: [
          'A test waits for something that never comes, or sleeps for long. Move a clock of your own instead of waiting.',
        ],
        log: lines(bad),
      })
  }
}

/**
 * Fails unless the suite fails with each of these broken caches.
 * @param section where README.md makes the promise
 * @param promises the name of a file under mutants/, and what the README says that it breaks
 */
export async function notices(suite: Suite, section: string, promises: Record<string, string>): Promise<void> {
  const mutants = Object.entries(promises)
  const runs = await together(mutants.length, async (index) => {
    const [mutant = '', promise = ''] = mutants[index] ?? []
    return { promise, run: await runWith(suite, `mutants/${mutant}.js`) }
  })
  const missed = runs.filter(({ run }) => run.outcome === 'passed' || run.outcome === 'no-tests')
  const first = missed[0]
  if (!first) return
  const also = missed.slice(1).map(({ promise }) => `Not noticed either: ${promise}`)
  throw new SolutionFailure('wrong_answer', `No test fails when this is broken: ${first.promise}`, {
    asked: 'run all tests with a cache that breaks this promise',
    expected: 'at least one test fails',
    got: inWords(first.run),
    notes: [...also, `The promise stands in README.md, ${section}.`],
  })
}

async function runWith(suite: Suite, file: string): Promise<SuiteRun> {
  const cache = readHidden(file)
  return suite.run({
    replace: { 'cache.ts': cache, 'cache.js': cache, 'as-given.js': readHidden('right/as-given.js') },
    deadline: 6000,
  })
}

function inWords({ outcome, passed, failed, skipped, ms }: SuiteRun): string {
  if (outcome === 'timeout') return `the run was stopped after ${Math.round(ms)} ms`
  if (outcome === 'build-failed') return 'the files could not be bundled'
  const counts = [
    `${passed} passed`,
    failed > 0 ? `${failed} failed` : '',
    skipped > 0 ? `${skipped} skipped or todo` : '',
  ].filter(Boolean)
  return `${outcome === 'crashed' ? 'the run crashed; ' : ''}${counts.join(', ')}`
}

function failedTests({ tests }: SuiteRun): string[] {
  const failed = tests.filter((test) => !test.passed && !test.skipped)
  const shown = failed.slice(0, 5).map(({ name, message }) => `✖ ${name}: ${oneLine(message ?? '')}`)
  return failed.length > shown.length ? [...shown, `... and ${failed.length - shown.length} more`] : shown
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 200)}...` : line
}

function lines(run: SuiteRun): string[] {
  return run.output.trim().split('\n').slice(-12).filter(Boolean)
}

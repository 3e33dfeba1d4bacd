import { existsSync, readdirSync } from 'node:fs'
import {
  fileOf,
  readHidden,
  SolutionFailure,
  type Suite,
  type SuiteOptions,
  type SuiteRun,
  together,
} from 'learn-backend/kit'

const asGiven = 'as-given'

/** Languages with a library of their own: one that is a right or a broken cache as the variable CACHE_VARIANT says. */
const translated = ['python', 'go', 'java'] as const

/** JavaScript has a file for each cache, for TypeScript too. */
type Language = 'js' | (typeof translated)[number]

const testFiles: Record<Language, string> = {
  js: '*.test.ts or *.test.js',
  python: 'test_*.py or *_test.py',
  go: '*_test.go at the top of your folder',
  java: '*Test.java or *Tests.java',
}

/** Why a suite fails that has passed with the very same cache. */
export const luck =
  'The suite has passed, and now it fails with the very same right cache: its verdict depends on luck.'

/** Fails unless the suite passes with this right cache, in all of so many runs at the same time. */
export async function accepts(suite: Suite, cache: string, why: string, runs = 1): Promise<void> {
  const language = languageOf(suite)
  const results = await together(runs, () => runWith(suite, 'right', cache))
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
        notes: [`Tests stand in files named ${testFiles[language]}. A skipped test and a todo do not count.`],
      })
    case 'build-failed':
      throw new SolutionFailure('crashed', 'The test files could not be read.', { ...evidence, log: lines(bad) })
    case 'crashed':
      throw new SolutionFailure('crashed', 'The suite crashed with a right cache.', {
        ...evidence,
        notes: [
          language === 'js'
            ? 'An error outside of all tests ends a suite, and so does a promise that rejects when its test is over: ' +
              'await each promise that a test makes.'
            : 'An error outside of all tests ends a suite, and so does a test that ends the process.',
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

/** What a broken cache breaks, in the words of README.md; where a language has words of its own, in those. */
type Promises = Record<string, string | ({ otherwise: string } & Partial<Record<Language, string>>)>

/**
 * Fails unless the suite fails with each of these broken caches. What can't be broken in a language is left out.
 * @param section where README.md makes the promise
 * @param promises the name of a broken cache, and what the README says that it breaks
 */
export async function notices(suite: Suite, section: string, promises: Promises): Promise<void> {
  const language = languageOf(suite)
  const known = brokenCaches(language)
  const mutants = Object.entries(promises).filter(([mutant]) => known.has(mutant))
  assertKnown(Object.keys(promises), mutants.length)
  const runs = await together(mutants.length, async (index) => {
    const [mutant = '', promise = ''] = mutants[index] ?? []
    const broken = typeof promise === 'string' ? promise : (promise[language] ?? promise.otherwise)
    return { promise: broken, run: await runWith(suite, 'mutants', mutant) }
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

function languageOf({ language }: Suite): Language {
  return language === 'ts' ? 'js' : language
}

function brokenCaches(language: Language): Set<string> {
  if (language === 'js') return new Set(readdirSync(fileOf('mutants')).map((file) => file.replace('.js', '')))
  const list = `${language}/variants.txt`
  return new Set(existsSync(fileOf(list)) ? readHidden(list).split('\n').filter(Boolean) : [])
}

/** A broken cache under a wrong name would be left out, or fail for being unknown, and nobody would see it. */
function assertKnown(ids: string[], left: number): void {
  const all = new Set((['js', ...translated] as const).flatMap((language) => [...brokenCaches(language)]))
  const unknown = ids.filter((id) => !all.has(id))
  if (unknown.length > 0) throw new Error(`there is no broken cache ${unknown.join(', ')}`)
  if (left === 0) throw new Error(`none of ${ids.join(', ')} exists in this language`)
}

async function runWith(suite: Suite, kind: 'right' | 'mutants', id: string): Promise<SuiteRun> {
  return suite.run({ ...cacheOf(languageOf(suite), kind, id), deadline: 6000 })
}

/** What makes the learner's cache this one. */
function cacheOf(language: Language, kind: 'right' | 'mutants', id: string): SuiteOptions {
  if (language === 'js') {
    const cache = withoutImport(readHidden(`${kind}/${id}.js`))
    return { replace: { 'cache.ts': cache, 'cache.js': cache } }
  }
  const files = readdirSync(fileOf(`${language}/library`))
  const replace = Object.fromEntries(files.map((file) => [file, readHidden(`${language}/library/${file}`)]))
  return { replace, env: { CACHE_VARIANT: id } }
}

/** A right cache may be built on the given one. A test runner that knows either TypeScript or JavaScript needs it in one file. */
function withoutImport(cache: string): string {
  const given = () => readHidden(`right/${asGiven}.js`)
  const whole = cache
    .replace("export { createCache } from './as-given.js'", given)
    .replace("import { createCache as create } from './as-given.js'", () =>
      given().replace('export function createCache(', 'function create('),
    )
  if (whole.includes('as-given.js')) throw new Error('this import of as-given.js is not known')
  return whole
}

function inWords({ outcome, passed, failed, skipped, ms }: SuiteRun): string {
  if (outcome === 'timeout') return `the run was stopped after ${Math.round(ms)} ms`
  if (outcome === 'build-failed') return 'the files do not build'
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

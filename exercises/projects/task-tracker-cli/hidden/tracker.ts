import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { type Cli, note, type Random, type Run } from 'learn-backend/kit'
import { commandOf, describe, expectSameLines, fail, printed, toldId } from './checks.ts'
import { filesIn, findTaskFile, type StoredTask, type TaskFile } from './task-file.ts'

/** Milliseconds for one ordinary command, on a busy machine and in a language that starts slowly. */
const patience = 5000

/** The solution in one directory, with what the tests have learned about it. */
export interface Tracker {
  cli: Cli
  dir: string
  run(...args: string[]): Promise<Run>
  /** Adds tasks, one after the other. Fails the test when their IDs can't be found out. */
  add(...descriptions: string[]): Promise<void>
  /** The ID of a task now, as one types it. */
  id(description: string): string
  /** The task with this description in the JSON file. */
  stored(description: string): StoredTask | undefined
  /** The JSON file. Fails the test when there is none. */
  file(): TaskFile
  /** What is kept of all tasks, one on a line, to compare it later; undefined when there is no JSON file here. */
  snapshot(): string | undefined
}

/** The solution in an empty directory; in a test, each needs another name. */
export function trackerIn(cli: Cli, name = 'here'): Tracker {
  const dir = join(cli.dir, name)
  mkdirSync(dir)
  const told = new Map<string, string>()
  const tracker: Tracker = {
    cli,
    dir,
    async run(...args) {
      const run = await cli.run(args, { cwd: dir, deadline: patience, env: environment })
      note(describe(run))
      return run
    },
    async add(...descriptions) {
      for (const description of descriptions) {
        const run = await tracker.run('add', description)
        const id = tracker.stored(description)?.id ?? toldId(run)
        if (id === undefined) {
          fail(`The task was not added: "add" tells no ID, and no JSON file here holds a task with this description.`, {
            expected: 'Task added successfully (ID: 1), and the task in a JSON file',
            got: `${printed(run) || 'no output'}\n${filesHere(dir)}`,
          })
        }
        told.set(description, id)
      }
    },
    id(description) {
      return tracker.stored(description)?.id ?? told.get(description) ?? unknownId
    },
    stored(description) {
      return findTaskFile(dir)?.tasks.find((task) => task.description === description)
    },
    file() {
      const file = findTaskFile(dir)
      if (file) return file
      return fail('There is no valid JSON file with tasks in the current directory.', {
        expected: 'a JSON file that holds the tasks',
        got: filesHere(dir),
      })
    },
    snapshot() {
      return findTaskFile(dir)
        ?.tasks.map(({ object, id }) => JSON.stringify({ id, ...object }))
        .join('\n')
    },
  }
  return tracker
}

export function filesHere(dir: string): string {
  const files = filesIn(dir).map((path) => `${basename(path)} (${readFileSync(path, 'utf8').slice(0, 100)})`)
  return `files here: ${files.join(', ') || 'none'}`
}

/** What the directory holds after three adds; made by the first test that begins with three tasks. */
let prepared: { tasks: Three; files: Map<string, Buffer> } | undefined
type Three = [first: string, second: string, third: string]

/**
 * A directory with three tasks, and their descriptions. The adds are done once: a run costs tens of milliseconds, a
 * copy of the files nothing.
 */
export async function threeTasks(cli: Cli, random: Random): Promise<{ tracker: Tracker; tasks: Three }> {
  const tracker = trackerIn(cli)
  if (prepared) {
    restore(tracker.dir, prepared.files)
    note(`(a directory with three tasks: ${prepared.tasks.map((text) => `${tracker.id(text)} "${text}"`).join(', ')})`)
    return { tracker, tasks: prepared.tasks }
  }
  const tasks = descriptions(random, 3) as Three
  await tracker.add(...tasks)
  const ids = tasks.map((description) => tracker.id(description))
  if (new Set(ids).size < 3) {
    fail('Two tasks have the same ID', { expected: 'an ID of its own for each task', got: `the IDs ${ids.join(', ')}` })
  }
  // A solution that keeps its tasks elsewhere, or in its own way, gets them added for each test.
  if (tasks.every((description) => tracker.stored(description)?.id))
    prepared = { tasks, files: contentsOf(tracker.dir) }
  return { tracker, tasks }
}

/**
 * Does something in each case, in a copy of the directory of its own, and a few at a time, to save time. A solution that
 * keeps its tasks elsewhere has no copies: it gets one case after the other.
 */
export async function inCopies<T>(
  tracker: Tracker,
  cases: readonly T[],
  action: (copy: Tracker, one: T) => Promise<void>,
): Promise<void> {
  if (!findTaskFile(tracker.dir)) {
    for (const one of cases) await action(tracker, one)
    return
  }
  const files = contentsOf(tracker.dir)
  const waiting = [...cases.entries()]
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const copy = trackerIn(tracker.cli, `copy-${next[0] + 1}`)
      restore(copy.dir, files)
      try {
        await action(copy, next[1])
      } catch (error) {
        waiting.length = 0
        throw error
      }
    }
  }
  const ends = await Promise.allSettled([work(), work(), work()])
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

function contentsOf(dir: string): Map<string, Buffer> {
  return new Map(filesIn(dir).map((path) => [relative(dir, path), readFileSync(path)]))
}

function restore(dir: string, files: Map<string, Buffer>): void {
  for (const [name, content] of files) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), content)
  }
}

/** An ID that no task has. */
export const unknownId = '987654'

/** Of every run: for languages that decode arguments by the locale. */
export const environment = { LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', PYTHONUTF8: '1' }

/** Short, of plain words, and none contains another. */
export function descriptions(random: Random, count: number): string[] {
  const result: string[] = []
  while (result.length < count) {
    const candidate = random.words(2)
    if (!result.some((other) => other.includes(candidate) || candidate.includes(other))) result.push(candidate)
  }
  return result
}

/** Fails when a command that should change nothing did; shows the tasks that differ. */
export function expectUnchanged(tracker: Tracker, before: string | undefined, run: Run, message: string): void {
  expectSameLines(before ?? '', tracker.snapshot() ?? '', message, commandOf(run))
}

/** Makes a task's description megabytes long, in the file, so that each change takes a moment. */
export function inflate(tracker: Tracker, description: string, megabytes = 3): void {
  const file = tracker.file()
  const task = file.tasks.find((candidate) => candidate.description === description)
  const name = task?.properties.find((key) => task.object[key] === description)
  if (task && name) task.object[name] = `${description}${'.'.repeat(megabytes * 1e6)}`
  writeFileSync(file.path, JSON.stringify(file.value, null, 2))
}

import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { sleep, step, test } from 'learn-backend/kit'
import { filesIn, jsonFiles, plain, type StoredTask } from './task-file.ts'
import {
  commandOf,
  crashed,
  expectHidden,
  expectMessage,
  expectSameLines,
  expectShown,
  expectTold,
  fail,
  printed,
  toldId,
} from './checks.ts'
import { descriptions, filesHere, inCopies, threeTasks, type Tracker, trackerIn, unknownId } from './tracker.ts'

step('add', () => {
  test('add tells the ID of the new task', async ({ cli, random }) => {
    const tracker = trackerIn(cli)
    const [description = ''] = descriptions(random, 1)
    const run = await tracker.run('add', description)
    expectMessage(run, '"add" must say that the task was added')
    const id = tracker.stored(description)?.id
    if (id !== undefined) {
      expectTold(run, id, `The task was stored with the ID ${id}, and this ID must be told`)
    } else if (crashed(run) || toldId(run) === undefined) {
      fail('"add" does not tell the ID of the new task', {
        expected: 'Task added successfully (ID: 1)',
        got: printed(run),
      })
    }
  })
})

step('list', () => {
  test('list shows every task that was added', async ({ cli, random }) => {
    const tracker = trackerIn(cli)
    const all = descriptions(random, 2)
    for (const description of all) await tracker.run('add', description)
    const list = await tracker.run('list')
    for (const [index, description] of all.entries()) {
      const why =
        'Does each add keep the tasks of the runs before it, also in another directory than that of your program?'
      expectShown(list, description, `Task ${index + 1} of ${all.length} is missing. ${why}`)
    }
  })

  test('list copes with a directory that has no tasks yet', async ({ cli }) => {
    const list = await trackerIn(cli).run('list')
    if (crashed(list)) {
      fail('"list" crashed in an empty directory: no file yet means no tasks yet', {
        expected: 'it ends normally and shows no tasks',
        got: printed(list),
      })
    }
  })
})

step('file', () => {
  test('add creates a JSON file in the current directory', async ({ cli, random }) => {
    const tracker = trackerIn(cli)
    const [description = ''] = descriptions(random, 1)
    await tracker.run('add', description)
    const files = filesIn(tracker.dir)
    if (files.length === 0) {
      fail(
        'No file appeared in the directory in which the command was run. If your program does write one, it is somewhere ' +
          'else: a path made from the place of the program (__dirname, import.meta, __file__) does not lead here, a ' +
          'relative path does.',
        { expected: `a JSON file in ${tracker.dir}`, got: 'the directory is still empty' },
      )
    }
    const found = jsonFiles(tracker.dir)
    if (found.length === 0) {
      fail('There is a file, but its content is not JSON', { expected: 'a JSON document', got: filesHere(tracker.dir) })
    }
    if (!found.some(({ value }) => JSON.stringify(value).includes(description))) {
      fail('The new task is not in the JSON file', {
        expected: `a task with the description "${description}"`,
        got: found.map(({ path, value }) => `${basename(path)}: ${JSON.stringify(value)}`).join('\n'),
      })
    }
  })

  test('a task has id, description, status, createdAt and updatedAt', async ({ cli, random }) => {
    const tracker = trackerIn(cli)
    const [description = ''] = descriptions(random, 1)
    await tracker.run('add', description)
    const task = tracker.stored(description)
    if (!task) {
      fail('No task in the JSON file has a property description with the text that was added', {
        expected: `{ "id": ..., "description": "${description}", "status": "todo", "createdAt": ..., "updatedAt": ... }`,
        got: filesHere(tracker.dir),
      })
    }
    const written = JSON.stringify(task.object)
    if (task.id === undefined) fail('The task has no id', { expected: '"id": ...', got: written })
    if (plain(task.status ?? '') !== 'todo')
      fail('A new task has the status todo', { expected: '"status": "todo"', got: written })
    if (!isRecent(task.createdAt))
      fail('createdAt does not hold the date and time of creation', { expected: 'createdAt is now', got: written })
    if (!task.properties.some((name) => plain(name) === 'updatedat'))
      fail('The property updatedAt is missing', { expected: '"updatedAt": ...', got: written })
  })
})

step('change', () => {
  test('update replaces the description of one task', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const [first, second, third] = tasks
    const [better = ''] = descriptions(random, 1)
    await tracker.run('update', tracker.id(second), better)
    const list = await tracker.run('list')
    expectShown(list, better, 'The new description is missing')
    expectHidden(list, second, 'The old description is still there: "update" must change the task, not add another one')
    expectShown(list, first, 'The first task was not to be updated')
    expectShown(list, third, 'The third task was not to be updated')
  })

  test('delete removes one task', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const [first, second, third] = tasks
    await tracker.run('delete', tracker.id(second))
    const list = await tracker.run('list')
    expectHidden(list, second, 'The deleted task is still there')
    expectShown(list, first, 'The first task was not to be deleted')
    expectShown(list, third, 'The third task was not to be deleted')
  })
})

step('mark', () => {
  test('mark-done moves a task from list todo to list done', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const [first, second, third] = tasks
    await tracker.run('mark-done', tracker.id(second))
    expectStatus(tracker, second, 'done')
    const done = await tracker.run('list', 'done')
    expectShown(done, second, 'The task that was marked as done is missing in "list done"')
    for (const other of [first, third]) expectHidden(done, other, '"list done" shows a task that is not done')
    const todo = await tracker.run('list', 'todo')
    expectHidden(todo, second, '"list todo" shows a task that is done')
    for (const other of [first, third]) expectShown(todo, other, 'A task that nobody marked is missing in "list todo"')
    const all = await tracker.run('list')
    for (const description of tasks)
      expectShown(all, description, '"list" without a status must show all tasks, done or not')
  })

  test('mark-in-progress moves a task to list in-progress, until it is done', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const [first, second, third] = tasks
    await tracker.run('mark-in-progress', tracker.id(second))
    expectStatus(tracker, second, 'in-progress')
    const working = await tracker.run('list', 'in-progress')
    expectShown(working, second, 'The task that was marked as in progress is missing in "list in-progress"')
    for (const other of [first, third])
      expectHidden(working, other, '"list in-progress" shows a task that is still to do')
    await tracker.run('mark-done', tracker.id(second))
    expectShown(await tracker.run('list', 'done'), second, 'After in-progress, a task can become done')
    expectHidden(
      await tracker.run('list', 'in-progress'),
      second,
      'A task that became done is not in progress any more',
    )
  })

  test('update leaves the status as it is', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const [, , third] = tasks
    const [better = ''] = descriptions(random, 1)
    await tracker.run('mark-in-progress', tracker.id(third))
    await tracker.run('update', tracker.id(third), better)
    const working = await tracker.run('list', 'in-progress')
    expectShown(working, better, 'The task was in progress, and a new description must not change that')
  })
})

/** Where the task is in a JSON file, with a status in words. */
function expectStatus(tracker: Tracker, description: string, status: string): void {
  const stored = tracker.stored(description)?.status
  if (stored === undefined || plain(stored) === plain(status)) return
  fail(`The file holds another status after "mark-${status}"`, {
    expected: `"status": "${status}"`,
    got: `"status": ${JSON.stringify(stored)}`,
  })
}

step('timestamps', () => {
  for (const command of ['update', 'mark-in-progress', 'mark-done']) {
    test(`${command} sets updatedAt and keeps createdAt`, async ({ cli, random }) => {
      const { tracker, tasks } = await threeTasks(cli, random)
      const [first, description, third] = tasks
      const [better = ''] = descriptions(random, 1)
      const { old, tells } = await makeOld(tracker, description)
      const others = () => [first, third].map((other) => JSON.stringify(tracker.stored(other)?.object)).join('\n')
      const before = others()
      await tracker.run(command, tracker.id(description), ...(command === 'update' ? [better] : []))
      const now = tracker.stored(command === 'update' ? better : description)
      if (!now) fail(`After "${command}", the task is not in the JSON file as expected`, { got: tracker.snapshot() })
      const { createdAt, updatedAt } = now
      if ((tells && same(updatedAt, old.updatedAt)) || !isRecent(updatedAt)) {
        fail(`"${command}" did not set updatedAt to the current date and time`, {
          expected: `updatedAt is now, no longer ${JSON.stringify(old.updatedAt)}`,
          got: `updatedAt is ${JSON.stringify(updatedAt)}`,
        })
      }
      if (!same(createdAt, old.createdAt) && !sameInstant(createdAt, old.createdAt)) {
        fail(`"${command}" changed createdAt: a task is created only once`, {
          expected: `createdAt is still ${JSON.stringify(old.createdAt)}`,
          got: `createdAt is ${JSON.stringify(createdAt)}`,
        })
      }
      expectSameLines(before, others(), `"${command}" also changed the tasks with other IDs`)
    })
  }
})

step('ids', () => {
  test('an ID names one task only, also after a delete', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const [first, ...kept] = tasks
    const [added = ''] = descriptions(random, 1)
    await tracker.run('delete', tracker.id(first))
    await tracker.add(added)
    const id = tracker.id(added)
    const rule =
      'The number of tasks, or the position of a task, is no ID: after a delete it may belong to another task.'
    const twin = kept.find((description) => tracker.id(description) === id)
    if (twin !== undefined) {
      fail(`Two tasks have the ID ${id}: "${twin}" and "${added}". ${rule}`, {
        expected: 'an ID that no other task has',
        got: tracker.snapshot(),
      })
    }
    await tracker.run('delete', id)
    const list = await tracker.run('list')
    expectHidden(
      list,
      added,
      `The task that was added last has the ID ${id}, but "delete ${id}" did not remove it. ${rule}`,
    )
    for (const description of kept)
      expectShown(list, description, `"delete ${id}" removed a task with another ID. ${rule}`)
  })
})

step('errors', () => {
  test('an ID that no task has changes nothing', async ({ cli, random }) => {
    const { tracker } = await threeTasks(cli, random)
    const [other = ''] = descriptions(random, 1)
    const mistakes = [
      ['update', unknownId, other],
      ['delete', unknownId],
      ['mark-in-progress', unknownId],
      ['mark-done', unknownId],
    ]
    await inCopies(tracker, mistakes, async (copy, mistake) => {
      await changesNothing(copy, mistake, `No task has the ID ${unknownId}, and the user must be told`)
    })
  })

  test('a command that does not exist, or none at all, gets a message', async ({ cli, random }) => {
    const { tracker } = await threeTasks(cli, random)
    const unknown = random.word() + random.hex(4)
    await inCopies(tracker, [[unknown], []], async (copy, mistake) => {
      await changesNothing(copy, mistake, 'The user must be told what is wrong, or how the program is used')
    })
  })

  test('add without a description adds nothing', async ({ cli, random }) => {
    const { tracker } = await threeTasks(cli, random)
    await changesNothing(tracker, ['add'], 'The description is missing, and the user must be told')
  })
})

/** Checks that a mistake gets a message and that no task changes. */
async function changesNothing(tracker: Tracker, mistake: string[], why: string): Promise<void> {
  const before = await tasksOf(tracker)
  const run = await tracker.run(...mistake)
  expectMessage(run, why)
  expectSameLines(before, await tasksOf(tracker), 'A mistake must not add, change or remove a task', commandOf(run))
}

/** What the JSON file holds; else the list without its numbers, because some show how long ago a task was changed. */
async function tasksOf(tracker: Tracker): Promise<string> {
  return tracker.snapshot() ?? printed(await tracker.run('list')).replace(/\d/g, '')
}

/**
 * Dates a task back, in the file and in whatever format its dates have, so that the next change shows even where they
 * count days only. Where that can't be done, waits until a date that counts seconds must have changed.
 * @returns the task, and whether its dates tell that it was changed since: without a year of four digits and without
 *   seconds, as in `23 Nov 26 17:30`, they may not
 */
async function makeOld(tracker: Tracker, description: string): Promise<{ old: StoredTask; tells: boolean }> {
  const file = tracker.file()
  const task = file.tasks.find((candidate) => candidate.description === description)
  if (!task) return fail('The task is not in the JSON file', { got: tracker.snapshot() })
  const dated = Object.entries(task.object).filter(([, value]) => value === task.createdAt || value === task.updatedAt)
  // Numbers that JavaScript can't hold would be damaged by writing them back.
  const exact = !JSON.stringify(file.value).match(/(?<!")\b\d{16,}/)
  const older = dated.map(([name, value]) => [name, longBefore(value)] as const)
  if (!exact || older.every(([name, value]) => same(value, task.object[name]))) {
    await sleep(1100)
    return { old: task, tells: typeof task.updatedAt !== 'string' || /:\d\d:\d\d|\d{14}/.test(task.updatedAt) }
  }
  Object.assign(task.object, Object.fromEntries(older))
  writeFileSync(file.path, JSON.stringify(file.value, null, 2))
  return { old: tracker.stored(description) ?? task, tells: true }
}

/** By 28 years: then the days of the week are the same, and a strict parser takes `Mon, 23 Nov 1998` as well. */
function longBefore(date: unknown): unknown {
  if (typeof date === 'number') return date - 28 * 365.25 * 86_400 * (date > 1e11 ? 1000 : 1)
  if (date === undefined) return undefined
  // A list of numbers and an object are dates, too.
  return JSON.parse(JSON.stringify(date).replace(/\b20\d\d(?!\d)/, (year) => String(Number(year) - 28)))
}

/** Dates are written in many ways: only ISO 8601 and numbers since 1970 are judged by their value. */
function isRecent(date: unknown): boolean {
  if (typeof date !== 'number' && !/\d/.test(JSON.stringify(date ?? ''))) return false
  const iso = typeof date === 'string' && /^\d{4}-\d\d-\d\dT/.test(date)
  const at = typeof date === 'number' ? (date > 1e11 ? date : date * 1000) : iso ? Date.parse(date) : Number.NaN
  // A day each way, for local times without their zone.
  return Number.isNaN(at) || Math.abs(Date.now() - at) < 26 * 3_600_000 || at > 1e14
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** A date may be written anew in another form. */
function sameInstant(a: unknown, b: unknown): boolean {
  return typeof a === 'string' && typeof b === 'string' && Date.parse(a) === Date.parse(b)
}

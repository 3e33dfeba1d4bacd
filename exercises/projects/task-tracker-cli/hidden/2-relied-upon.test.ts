import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { note, type Run, sleep, step, test, together } from 'learn-backend/kit'
import { plain } from './task-file.ts'
import { commandOf, expectRefusal, expectShown, expectSuccess, expectTold, fail } from './checks.ts'
import {
  descriptions,
  environment,
  expectUnchanged,
  inCopies,
  inflate,
  threeTasks,
  type Tracker,
  trackerIn,
  unknownId,
} from './tracker.ts'

/** Milliseconds that a run may wait for the others, and as much again for a busy machine. */
const patience = 15_000

step('exit-codes', () => {
  test('what worked ends with exit code 0', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const id = tracker.id(tasks[1])
    const [description = ''] = descriptions(random, 1)
    const commands = [
      ['add', description],
      ['update', id, description],
      ['delete', id],
      [random.pick(['mark-in-progress', 'mark-done']), id],
      ['list', random.pick(['in-progress', 'done'])],
    ]
    await inCopies(tracker, commands, async (copy, command) => {
      expectSuccess(await copy.run(...command), 'What worked, or just has nothing to show, ends with exit code 0')
    })
    expectSuccess(await trackerIn(cli, 'empty').run('list'), 'A list without tasks is no mistake')
  })

  test('an ID that is not matched as a whole is refused', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const id = tracker.id(tasks[0])
    const [better = ''] = descriptions(random, 1)
    const none = 'An ID that no task has'
    const because = `(it only begins with the ID ${id} of a task)`
    const mistakes = [
      { args: ['update', unknownId, better], what: none },
      { args: [random.pick(['delete', 'mark-in-progress', 'mark-done']), unknownId], what: none },
      { args: ['delete', `${id}x`], what: `The ID "${id}x" ${because}` },
      { args: ['mark-done', `${id}.5`], what: `The ID "${id}.5" ${because}` },
    ]
    await inCopies(tracker, mistakes, refuses)
  })

  test('a command that can not be understood is refused', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const id = tracker.id(tasks[0])
    const unknown = random.word() + random.hex(4)
    await inCopies(
      tracker,
      [
        { args: [], what: 'No command at all' },
        { args: [unknown], what: 'A command that does not exist' },
        { args: [random.pick(['constructor', 'toString', 'valueOf'])], what: 'A command that does not exist' },
        { args: ['add'], what: 'A missing description' },
        { args: ['add', random.pick(['', '  '])], what: 'A blank description' },
        { args: ['update', id], what: 'A missing description' },
        { args: ['update', id, random.pick(['', '  '])], what: 'A blank description' },
        { args: ['list', unknown], what: 'A status that does not exist' },
      ],
      refuses,
    )
  })
})

async function refuses(tracker: Tracker, { args, what }: { args: string[]; what: string }): Promise<void> {
  const before = tracker.snapshot()
  const run = await tracker.run(...args)
  expectRefusal(run, what)
  expectUnchanged(tracker, before, run, `${what} changed the tasks`)
}

step('text', () => {
  test('every script, quotes, backslashes and line breaks are kept', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const [one = '', two = '', three = ''] = descriptions(random, 3)
    const strange = [
      `${one} ${random.unicode()}`,
      `${two} "it's" \\ C:\\new\\u0041 \`id\` $HOME 100%s %d {0} </b> &amp;`,
      `${three}   a\n\tb\u2028c ${random.unicode()}`,
    ]
    await inCopies(tracker, strange, keeps)
    const better = random.shuffle(strange).join(' ')
    await stores(tracker, ['update', tracker.id(tasks[1]), better], better)
    // A list may capitalise, and an ß becomes SS then.
    const foreign = `${tasks[0]} ${random.unicode().replaceAll('ß', 'ö')}`
    await stores(tracker, ['update', tracker.id(tasks[0]), foreign], foreign)
    expectShown(await tracker.run('list'), foreign, '"list" must show a description in every script')
  })

  test('texts that look like something else stay texts', async ({ cli, random }) => {
    const { tracker } = await threeTasks(cli, random)
    await inCopies(
      tracker,
      random.sample(['007', 'null', 'true', '1e3', '[]', '__proto__', '{"id":1}', 'list'], 3),
      keeps,
    )
  })

  test('a long description is kept to its end', async ({ cli, random }) => {
    const { tracker } = await threeTasks(cli, random)
    const [description = ''] = descriptions(random, 1)
    await keeps(tracker, `${description}${'é'.repeat(20_000 - 2 * description.length)}${description}`)
  })
})

function keeps(tracker: Tracker, description: string): Promise<void> {
  return stores(tracker, ['add', description], description)
}

async function stores(tracker: Tracker, args: string[], description: string): Promise<void> {
  const before = new Set(tracker.file().tasks.map((task) => task.description))
  const run = await tracker.run(...args)
  const after = tracker.file().tasks.map((task) => task.description)
  if (after.some((text) => text.trim() === description.trim())) return
  const others = after.filter((text) => !before.has(text))
  fail('The file does not hold the description exactly as it was given', {
    asked: commandOf(run),
    expected: brief(description),
    got: others.map(brief).join('\n') || 'no other description than before',
  })
}

/** Text in JSON form, its end included when it is long. */
function brief(text: string): string {
  const json = JSON.stringify(text)
  return json.length > 200 ? `${json.slice(0, 80)} … ${json.slice(-80)} (${text.length} characters)` : json
}

step('damaged', () => {
  test('a file of which the second half is missing is left as it is', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const [other = ''] = descriptions(random, 1)
    const { path } = tracker.file()
    const id = tracker.id(tasks[0])
    const whole = readFileSync(path)
    const half = whole.subarray(0, Math.floor(whole.length * (0.4 + 0.3 * random.float())))
    writeFileSync(path, half)
    note(`(then ${basename(path)} was cut off: ${half.length} of its ${whole.length} bytes are left)`)
    const commands = [['add', other], ['list'], ['update', id, other], [random.pick(['mark-done', 'delete']), id]]
    for (const command of commands) await leavesAlone(tracker, command, path)
    writeFileSync(path, whole)
    note(`(then ${basename(path)} was repaired)`)
    const list = await tracker.run('list')
    for (const description of tasks)
      expectShown(list, description, 'The file was repaired, and the task must be there again')
  })

  test('JSON that holds something else is left as it is', async ({ cli, random }) => {
    const { tracker } = await threeTasks(cli, random)
    const [other = ''] = descriptions(random, 1)
    const { path } = tracker.file()
    const damage = [
      { value: random.words(5), commands: [['add', other], ['list']] },
      { value: random.int(2, 1000), commands: [['add', other]] },
    ]
    for (const { value, commands } of damage) {
      writeFileSync(path, `${JSON.stringify(value)}\n`)
      note(`(then ${basename(path)} held only: ${JSON.stringify(value)})`)
      for (const command of commands) await leavesAlone(tracker, command, path)
    }
  })
})

async function leavesAlone(tracker: Tracker, args: string[], path: string): Promise<void> {
  const before = readFileSync(path)
  const run = await tracker.run(...args)
  const after = contentOf(path)
  const name = basename(path)
  if (!after?.equals(before)) {
    fail(`"${args[0]}" overwrote or moved a file that it could not understand: what was left of the tasks is lost`, {
      asked: commandOf(run),
      expected: `${name} is still the same, byte for byte: ${before.toString().slice(0, 200)}`,
      got: after ? `${name} is now: ${after.toString().slice(0, 200)}` : `${name} is gone`,
    })
  }
  expectRefusal(run, `"${args[0]}" with a damaged file`)
  if (!run.stderr.includes(name)) {
    fail('The message must name the file, so that somebody can repair it', {
      asked: commandOf(run),
      expected: `a message that names ${name}`,
      got: run.stderr,
    })
  }
}

function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

step('crash', () => {
  test('whoever looks at the file while it is changed finds a whole one', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const [first, second, third] = tasks
    const { path } = tracker.file()
    // One of the two lies in the half that has been read already, whatever the order of the tasks is.
    for (const description of [first, third]) {
      const before = readFileSync(path)
      const seen = await readAround(path, () =>
        tracker.run('update', tracker.id(description), `${description} ${random.words(4)}`),
      )
      const after = readFileSync(path)
      if (seen.equals(before) || seen.equals(after)) continue
      fail(
        'A reader had read the first half of the file when an update changed it, and got a mixture of old and new. The ' +
          'file was overwritten in place: whoever reads it meanwhile, and whatever is left after a crash or with a full ' +
          'disk, is a broken file. Write the new state beside it, then put it in its place in one go.',
        { expected: 'the whole old file, or the whole new one', got: seen.toString() },
      )
    }

    // Chance decides whether a short moment is seen, but more than this can't be asked of a test from outside.
    inflate(tracker, second)
    const id = tracker.file().tasks[0]?.id ?? ''
    for (const better of descriptions(random, 2)) {
      const before = statSync(path).size
      const { sizes, run } = await watchSize(path, tracker, ['update', id, `${better} and more`])
      expectSuccess(run, 'A change of a large file must work')
      const after = contentOf(path)?.length
      const odd = sizes.filter((size) => size !== before && size !== after)
      if (odd.length > 0) {
        fail(
          'While a large file was rewritten, it was not whole for a moment. A crash at this moment loses all tasks.',
          {
            asked: commandOf(run),
            expected: `always ${before} bytes (the old file) or ${after} bytes (the new one)`,
            got: `for a moment ${odd.map((size) => (size < 0 ? 'no file' : `${size} bytes`)).join(', ')}`,
          },
        )
      }
    }
  })
})

/** Reads the first half of a file, then does something, then reads the rest. */
async function readAround(path: string, action: () => Promise<unknown>): Promise<Buffer> {
  const file = openSync(path, 'r')
  try {
    const half = Buffer.alloc(Math.floor(statSync(path).size / 2))
    const begun = readSync(file, half)
    await action()
    const rest = Buffer.alloc(1024 * 1024)
    return Buffer.concat([half.subarray(0, begun), rest.subarray(0, readSync(file, rest))])
  } finally {
    closeSync(file)
  }
}

/** Every size that the file has during a run; -1 for a moment without the file. */
async function watchSize(path: string, { cli, dir }: Tracker, args: string[]): Promise<{ sizes: number[]; run: Run }> {
  const sizes = new Set<number>()
  let over = false
  const running = cli.run(args, { cwd: dir, env: environment, deadline: patience }).finally(() => (over = true))
  while (!over) {
    sizes.add(statSync(path, { throwIfNoEntry: false })?.size ?? -1)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { sizes: [...sizes], run: await running }
}

step('together', () => {
  test('tasks that are added at once are all kept, each with its own ID', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    inflate(tracker, tasks[0])
    await addsAtOnce(tracker, descriptions(random, 8), [tasks[1], tasks[2]])
    // And without a file: two runs must not both create it.
    await addsAtOnce(trackerIn(cli, 'empty'), descriptions(random, 5), [])
  })

  test('different changes at once all have their effect', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const [begun, gone, old] = tasks
    const [done = '', better = '', ...added] = descriptions(random, 5)
    await tracker.add(done)
    const idOfBegun = tracker.id(begun)
    inflate(tracker, begun)
    const changes = random.shuffle([
      ['mark-in-progress', idOfBegun],
      ['mark-done', tracker.id(done)],
      ['delete', tracker.id(gone)],
      ['update', tracker.id(old), better],
      ...added.map((description) => ['add', description]),
    ])
    const runs = await together(changes.length, (index) => atOnce(tracker, ...(changes[index] ?? [])))
    for (const run of runs)
      expectSuccess(run, `This ran together with ${runs.length - 1} other changes, and must wait for its turn`)
    const left = tracker.file().tasks
    const effects = {
      [`mark-in-progress "${begun}"`]: plain(left.find(({ id }) => id === idOfBegun)?.status ?? '') === 'inprogress',
      [`mark-done "${done}"`]: plain(tracker.stored(done)?.status ?? '') === 'done',
      [`delete "${gone}"`]: !tracker.stored(gone),
      [`update "${old}" to "${better}"`]: !tracker.stored(old) && Boolean(tracker.stored(better)),
      ...Object.fromEntries(added.map((description) => [`add "${description}"`, Boolean(tracker.stored(description))])),
    }
    const lost = Object.keys(effects).filter((change) => !effects[change])
    if (lost.length > 0) {
      fail(`${lost.length} of ${changes.length} changes that were made at once have no effect. ${lostUpdate}`, {
        asked: runs.map((run) => `${commandOf(run)} &`).join('\n'),
        expected: 'the effect of every change',
        got: `without effect: ${lost.join(', ')}`,
      })
    }
  })
})

async function addsAtOnce(tracker: Tracker, added: string[], before: string[]): Promise<void> {
  const runs = await together(added.length, (index) => atOnce(tracker, 'add', added[index] ?? ''))
  const asked = runs.map((run) => `${commandOf(run)} &`).join('\n')
  for (const run of runs)
    expectSuccess(run, `This "add" ran together with ${added.length - 1} others, and must wait for its turn`)
  const { length } = tracker.file().tasks
  const lost = [...before, ...added].filter((description) => !tracker.stored(description))
  if (lost.length > 0) {
    const got = `${length} tasks in the file; missing: ${lost.join(', ')}`
    fail(`${lost.length} of the tasks are lost after ${added.length} adds at once. ${lostUpdate}`, {
      asked,
      expected: 'all tasks',
      got,
    })
  }
  const ids = [...before, ...added].map((description) => tracker.id(description))
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined)
    fail(`The ID ${twice} was given to two tasks`, { asked, expected: 'different IDs', got: ids.join(', ') })
  for (const [index, run] of runs.entries()) {
    const id = tracker.id(added[index] ?? '')
    expectTold(run, id, `Each "add" must tell the ID of its own task, here ${id}`)
  }
}

const lostUpdate =
  'Two runs read the same tasks, each changed its own copy, and the one that wrote last undid the work of the other. ' +
  'Reading, changing and writing must be one turn, in which no other run reads.'

function atOnce({ cli, dir }: Tracker, ...args: string[]): Promise<Run> {
  return cli.run(args, { cwd: dir, env: environment, deadline: patience })
}

step('killed', () => {
  test('a run that is killed does not block the next ones', async ({ cli, random }) => {
    const { tracker, tasks } = await threeTasks(cli, random)
    const [first, large, third] = tasks
    const [better = '', ...more] = descriptions(random, 10)
    const victims = more.slice(0, 6)
    const next = more.slice(6)
    inflate(tracker, large, 6)
    const { path } = tracker.file()
    const normal = await tracker.run('update', tracker.id(first), better)
    expectSuccess(normal, 'A change of a large file must work')

    for (const [round, victim] of victims.entries()) {
      // Some die as soon as they leave a trace in the directory (a lock, a draft), the others at some moment.
      const ms = normal.ms * (0.4 + 0.6 * random.float())
      const when = round % 3 === 2 ? { ms } : { traces: 1 + (round % 3) }
      const life = await killed(tracker, ['add', victim], when, 3 * normal.ms)
      note(`$ task-cli add "${victim}"  →  killed (SIGKILL) after ${Math.round(life)} ms`)
    }
    const beside = readdirSync(tracker.dir).filter((name) => name !== basename(path))
    const sizes = beside.map((name) => `${name} (${contentOf(join(tracker.dir, name))?.length ?? 0} bytes)`)
    note(`files that they left beside ${basename(path)}: ${sizes.join(', ') || 'none'}`)
    // Several at once: they find the same remains.
    const runs = await together(next.length, (index) => atOnce(tracker, 'add', next[index] ?? ''))
    const why =
      'What a killed run leaves (a lock, perhaps not yet with a content; a draft) must not stop the next ones.'
    for (const run of runs) {
      expectSuccess(run, `Other runs were killed before this one, and it must work nevertheless. ${why}`)
      if (run.ms > 10_000 + 5 * normal.ms) {
        fail(`Other runs were killed before this one, and it waited too long. ${why}`, {
          asked: commandOf(run),
          expected: 'it ends within ten seconds',
          got: `it took ${Math.round(run.ms / 1000)} seconds`,
        })
      }
    }
    const lost = [better, third, ...next].filter((description) => !tracker.stored(description))
    if (lost.length > 0) {
      fail(
        'After kill -9 of other runs, tasks are lost. Either a killed run left a broken file, or two runs worked at the ' +
          'same time, because one of them removed a lock that was not abandoned any more.',
        {
          asked: runs.map((run) => `${commandOf(run)} &`).join('\n'),
          expected: 'all tasks',
          got: `missing: ${lost.join(', ')}`,
        },
      )
    }
    const ids = tracker.file().tasks.map(({ id }) => id)
    if (new Set(ids).size !== ids.length)
      fail('After kill -9, two tasks have the same ID', { expected: 'different IDs', got: ids.join(', ') })
  })
})

/** Starts a run and kills it: after a time, or when it has left so many traces in the directory. @returns its milliseconds */
async function killed(
  { cli, dir }: Tracker,
  args: string[],
  when: { ms: number } | { traces: number },
  longest: number,
): Promise<number> {
  const known = new Set(readdirSync(dir))
  const begun = performance.now()
  const running = await cli.start(args, { cwd: dir, env: environment })
  let over = false
  void running.exited.then(() => (over = true))
  const reached = () =>
    'ms' in when
      ? performance.now() - begun > when.ms
      : readdirSync(dir).filter((name) => !known.has(name)).length >= when.traces
  // Waiting for an abandoned lock, it may go on for long.
  while (!over && !reached() && performance.now() - begun < longest) await sleep(1)
  await running.kill()
  await running.exited
  return performance.now() - begun
}

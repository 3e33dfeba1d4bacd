import { inTurn } from './in-turn.js'
import { Refusal } from './refusal.js'
import { readTasks, statuses, writeTasks } from './task-file.js'

const usage = `Usage: task-cli add <description>
       task-cli update <id> <description>
       task-cli delete <id>
       task-cli mark-in-progress <id>
       task-cli mark-done <id>
       task-cli list [${statuses.join('|')}]`

/** Does what the arguments ask for. @returns {Promise<string>} what to print */
async function run([command, ...args]) {
  switch (command) {
    case 'add':
      return add(...expectArguments(args, 'description'))
    case 'update':
      return update(...expectArguments(args, 'id', 'description'))
    case 'delete':
      return remove(...expectArguments(args, 'id'))
    case 'mark-in-progress':
      return mark(...expectArguments(args, 'id'), 'in-progress')
    case 'mark-done':
      return mark(...expectArguments(args, 'id'), 'done')
    case 'list':
      return list(args)
    case undefined:
      throw new Refusal(usage)
    default:
      throw new Refusal(`There is no command "${command}".\n${usage}`)
  }
}

function add(description) {
  expectText(description)
  return change((tasks) => {
    const now = new Date().toISOString()
    // One more than the highest, not than the number of tasks: after a delete that one may still be in use.
    const id = Math.max(0, ...tasks.map((task) => task.id)) + 1
    tasks.push({ id, description, status: 'todo', createdAt: now, updatedAt: now })
    return `Task added successfully (ID: ${id})`
  })
}

function update(id, description) {
  expectText(description)
  return change((tasks) => {
    Object.assign(find(tasks, id), { description, updatedAt: new Date().toISOString() })
    return `Task updated successfully (ID: ${id})`
  })
}

function remove(id) {
  return change((tasks) => {
    tasks.splice(tasks.indexOf(find(tasks, id)), 1)
    return `Task deleted successfully (ID: ${id})`
  })
}

function mark(id, status) {
  return change((tasks) => {
    Object.assign(find(tasks, id), { status, updatedAt: new Date().toISOString() })
    return `Task marked as ${status} (ID: ${id})`
  })
}

function list(args) {
  const [status] = args
  if (args.length > 1 || (status !== undefined && !statuses.includes(status))) {
    throw new Refusal(`Tasks can be listed by one of ${statuses.join(', ')}, not by "${args.join(' ')}".`)
  }
  // Without a turn: the file is replaced as a whole, so a reader always gets a consistent list.
  const tasks = readTasks().filter((task) => status === undefined || task.status === status)
  if (tasks.length === 0) return 'No tasks'
  return tasks.map((task) => `${task.id}  ${task.status.padEnd('in-progress'.length)}  ${task.description}`).join('\n')
}

/** Reads, changes and writes the tasks, all in one turn: what was read before it could be out of date by then. */
function change(edit) {
  return inTurn(() => {
    const tasks = readTasks()
    const result = edit(tasks)
    writeTasks(tasks)
    return result
  })
}

/** Compares as text, so that "1x" and "1.0" are not taken for 1. */
function find(tasks, id) {
  const task = tasks.find((candidate) => String(candidate.id) === id)
  if (!task) throw new Refusal(`There is no task with the ID "${id}".`)
  return task
}

/** As many arguments as names. */
function expectArguments(args, ...names) {
  if (args.length !== names.length) {
    const wanted = names.map((name) => `<${name}>`).join(' ')
    throw new Refusal(`Expected ${wanted}; a text with spaces goes in quotes.\n${usage}`)
  }
  return args
}

function expectText(description) {
  if (description.trim() === '') throw new Refusal('A task needs a description.')
}

try {
  console.log(await run(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  console.error(error.message)
  process.exitCode = 1
}

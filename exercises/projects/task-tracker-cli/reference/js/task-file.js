import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { Refusal } from './refusal.js'

/** Relative: the tasks belong to the directory in which the user types, not to the one that holds this program. */
const path = 'tasks.json'

export const statuses = ['todo', 'in-progress', 'done']

/** @typedef {{ id: number, description: string, status: string, createdAt: string, updatedAt: string }} Task */

/**
 * The tasks on disk; none if there is no file yet.
 * @returns {Task[]}
 * @throws {Refusal} when there is a file that this program did not write like that. To take it for an empty list would
 *   mean to overwrite it at the next change.
 */
export function readTasks() {
  let text
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw new Refusal(`Can't read ${path}: ${error.message}`)
  }
  const value = parse(text)
  if (Array.isArray(value) && value.every(isTask)) return value
  throw new Refusal(`${path} is damaged or not a task list. It was left as it is: repair it, or move it away.`)
}

/**
 * Replaces the file as a whole. A rename is atomic: whoever opens the file, and whatever is left after a crash, is
 * either the old list or the new one. Only one run at a time may do this, because they share the draft's name.
 * @param {Task[]} tasks
 */
export function writeTasks(tasks) {
  const draft = `${path}.draft`
  try {
    writeFileSync(draft, `${JSON.stringify(tasks, null, 2)}\n`, { flush: true })
    renameSync(draft, path)
  } catch (error) {
    throw new Refusal(`Can't write ${path}: ${error.message}`)
  }
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isTask(value) {
  if (typeof value !== 'object' || value === null) return false
  const { id, description, status, createdAt, updatedAt } = value
  return (
    Number.isSafeInteger(id) &&
    statuses.includes(status) &&
    [description, createdAt, updatedAt].every((text) => typeof text === 'string')
  )
}

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A task as a solution keeps it, whatever its layout around the task is. */
export interface StoredTask {
  /** As text; from the property, or else the key under which the task lies. */
  id: string | undefined
  description: string
  status: string | undefined
  createdAt: unknown
  updatedAt: unknown
  /** The names of the task's properties, as they are written. */
  properties: string[]
  /** The object itself: a change to it changes {@link TaskFile.value}. */
  object: Record<string, unknown>
}

/** The JSON file in which the tasks are found. */
export interface TaskFile {
  path: string
  value: unknown
  tasks: StoredTask[]
}

/**
 * The newest JSON file below `dir` that holds tasks: a solution may keep counters, locks or copies in other ones.
 */
export function findTaskFile(dir: string): TaskFile | undefined {
  return jsonFiles(dir)
    .map(({ path, value }) => ({ path, value, tasks: tasksIn(value) }))
    .filter(({ tasks }) => tasks.length > 0)
    .toSorted((a, b) => rank(b.path) - rank(a.path))[0]
}

/** Files that hold JSON, whatever they are called. */
export function jsonFiles(dir: string): { path: string; value: unknown }[] {
  return filesIn(dir).flatMap((path) => {
    try {
      return [{ path, value: JSON.parse(readFileSync(path, 'utf8')) as unknown }]
    } catch {
      return []
    }
  })
}

export function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** The value of a property; its name may also be written like created_at or CreatedAt. */
export function property(object: Record<string, unknown>, name: string): unknown {
  return object[name] ?? object[Object.keys(object).find((key) => plain(key) === plain(name)) ?? name]
}

/** The texts `in-progress`, `In Progress` and `IN_PROGRESS` mean the same. */
export function plain(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

function tasksIn(value: unknown, key?: string): StoredTask[] {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap((element) => tasksIn(element))
  const object = value as Record<string, unknown>
  const description = property(object, 'description')
  if (typeof description !== 'string') return Object.entries(object).flatMap(([name, part]) => tasksIn(part, name))
  const id = property(object, 'id') ?? key
  const status = property(object, 'status')
  return [
    {
      id: id === undefined || id === null ? undefined : String(id),
      description,
      status: typeof status === 'string' ? status : undefined,
      createdAt: property(object, 'createdAt'),
      updatedAt: property(object, 'updatedAt'),
      properties: Object.keys(object),
      object,
    },
  ]
}

/** Files called *.json first, then by age. */
function rank(path: string): number {
  return statSync(path).mtimeMs + (path.endsWith('.json') ? 1e15 : 0)
}

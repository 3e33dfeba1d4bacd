import { accessSync, constants } from 'node:fs'
import { builtInCourse } from '../exercise/course-store.ts'
import { describeProblem } from '../exercise/describe-problem.ts'
import { loadCourse } from '../exercise/load-course.ts'
import { UserError } from '../user-error.ts'
import { findWorkspace, workspaceRoot } from '../workspace/find-workspace.ts'
import { inspectEvents, progressFile } from '../workspace/progress-file.ts'
import type { Check, Surroundings } from './check.ts'

const begin = 'To make one here, type: npx learn-backend next'

export const workspace: Check = {
  name: 'Workspace',
  about: 'content',
  async check({ cwd }) {
    try {
      const found = await findWorkspace(cwd)
      if (found) return { status: 'ok', message: `${found.root} (new exercises in ${found.lang})` }
      return { status: 'note', message: `there is none at or above ${cwd}`, remedy: begin }
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      return {
        status: 'problem',
        message: error.message,
        ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      }
    }
  },
}

export const course: Check = {
  name: 'Course',
  about: 'content',
  async check(surroundings) {
    try {
      const { title, exercises, problems, folder } = await loadCourse(await courseFolder(surroundings))
      if (problems.length === 0) return { status: 'ok', message: `${title}, ${count(exercises.length, 'exercise')}` }
      return {
        status: 'problem',
        message: [`${title} in ${folder} has mistakes:`, ...problems.map(describeProblem)].join('\n'),
        remedy:
          'Other exercises can be used. If you did not change this one, install learn-backend again, or tell its authors',
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      return {
        status: 'problem',
        message: error.message,
        remedy: 'Look at "course:" in learn-backend.yaml, or at --course',
      }
    }
  },
}

export const progress: Check = {
  name: 'Progress',
  about: 'content',
  async check(surroundings) {
    const root = workspaceRoot(surroundings.cwd)
    if (root === undefined) return { status: 'ok', message: 'nothing begun yet' }
    const ids = await exerciseIds(surroundings)
    const findings = await Promise.all(ids.map(async (id) => ({ id, ...(await inspectEvents(root, id)) })))
    const bad: string[] = findings.flatMap(
      ({ id, damaged, unreadable }) =>
        unreadable ??
        (damaged.length > 0 ? `${progressFile(root, id)} is damaged in ${count(damaged.length, 'line')}.` : []),
    )
    if (!isWritable(root)) bad.push(`${root} can't be written: progress would be lost.`)
    const begun = findings.filter(({ events }) => events.length > 0).length
    if (bad.length === 0) return { status: 'ok', message: `${count(begun, 'exercise')} begun, all files can be read` }
    return {
      status: 'problem',
      message: [...new Set(bad)].join('\n'),
      remedy:
        'A damaged file is set aside, and its good lines are kept, when you type: npx learn-backend status. A folder must belong to you, and be a folder.',
    }
  },
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

async function exerciseIds(surroundings: Surroundings): Promise<string[]> {
  try {
    const { topics } = await loadCourse(await courseFolder(surroundings))
    return topics.flatMap(({ exercises }) => exercises)
  } catch (error) {
    // An invalid workspace or course is another check's finding.
    if (error instanceof UserError) return []
    throw error
  }
}

async function courseFolder({ cwd, course: named }: Surroundings): Promise<string> {
  if (named !== undefined) return named
  try {
    return (await findWorkspace(cwd))?.course ?? builtInCourse
  } catch (error) {
    if (error instanceof UserError) return builtInCourse
    throw error
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

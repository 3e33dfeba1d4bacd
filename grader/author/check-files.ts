import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { hiddenTestFiles } from '../engine/compile-hidden-tests.ts'
import { type Course, type Exercise, referenceLanguage, sharedFiles } from '../exercise/exercise.ts'
import type { Problem } from '../exercise/read-yaml.ts'
import { configuration } from '../toolchains/configuration.ts'
import { toolchainIds, toolchains } from '../toolchains/index.ts'

/** The rules about an exercise's files that no schema can state. */
export async function checkFiles(exercise: Exercise, course: Course): Promise<Problem[]> {
  const problems: Problem[] = []
  const { folder, id } = exercise
  const add = (file: string, message: string, suggestion?: string) =>
    problems.push({ file: join(folder, file), message, ...(suggestion ? { suggestion } : {}) })

  const topic = course.topics.find((candidate) => candidate.exercises.includes(id))
  if (topic?.id !== exercise.topic) {
    problems.push({
      file: join(course.folder, 'course.yaml'),
      message: `It does not list ${id} under ${exercise.topic}.`,
    })
  }
  const spec = await textOf(join(folder, 'README.md'))
  if (spec === undefined) add('README.md', 'The spec is missing.')
  else {
    const headings = new Set(spec.split('\n').flatMap((line) => /^#{1,6}\s+(.*?)\s*#*\s*$/.exec(line)?.[1] ?? []))
    for (const step of exercise.steps) {
      if (headings.has(step.section)) continue
      add(
        'README.md',
        `It has no heading "${step.section}", which step "${step.id}" refers to.`,
        `Its headings: ${[...headings].join(', ')}.`,
      )
    }
  }
  if (!(await textOf(join(folder, 'afterword.md')))?.trim())
    add('afterword.md', 'The afterword is missing: what mattered, and what to read.')
  if (!existsSync(join(folder, 'hidden')) || hiddenTestFiles(folder).length === 0)
    add('hidden', 'There is no hidden/*.test.ts.')
  const reference = `reference/${referenceLanguage(exercise)}`
  if (!existsSync(join(folder, reference))) add(reference, 'The reference solution is missing.')
  if (exercise.languages.length === 0) add('starter', 'There is no starter.')
  for (const language of exercise.languages) {
    const known = exercise.interface === 'files' ? language === configuration.id : language in toolchains
    if (!known)
      add(`starter/${language}`, `There is no toolchain "${language}".`, `There are: ${toolchainIds.join(', ')}.`)
  }
  const references = existsSync(join(folder, 'reference')) ? readdirSync(join(folder, 'reference')) : []
  for (const language of references) {
    if (!(exercise.interface === 'files' ? language === configuration.id : language in toolchains))
      add(`reference/${language}`, `There is no toolchain "${language}".`, `There are: ${toolchainIds.join(', ')}.`)
  }
  for (const language of Object.keys(exercise.shared))
    for (const file of sharedFiles(exercise, language)) {
      if (!existsSync(file))
        problems.push({ file, message: 'exercise.yaml lists it under "shared", but it is not there.' })
      else if (existsSync(join(folder, 'starter', language, basename(file))))
        add(`starter/${language}/${basename(file)}`, 'It is in the way of the file of this name under "shared".')
    }
  problems.push(...checkPatches(exercise))
  return problems
}

function checkPatches({ folder, wrong }: Exercise): Problem[] {
  const listed = new Set(wrong.map(({ patch }) => `${patch}.patch`))
  const present = new Set(existsSync(join(folder, 'wrong')) ? readdirSync(join(folder, 'wrong')) : [])
  const missing = [...listed].filter((file) => !present.has(file))
  const unlisted = [...present].filter((file) => !listed.has(file))
  return [
    ...missing.map((file) => ({
      file: join(folder, 'wrong', file),
      message: 'exercise.yaml lists it, but it is not there.',
    })),
    ...unlisted.map((file) => ({
      file: join(folder, 'wrong', file),
      message: 'exercise.yaml does not list it under "wrong".',
    })),
  ]
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined)
}

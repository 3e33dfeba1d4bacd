import { existsSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { isSeq, parseDocument } from 'yaml'
import type { Course } from '../exercise/exercise.ts'
import { nearest } from '../exercise/nearest.ts'
import { ownPackage } from '../package-root.ts'
import { UserError } from '../user-error.ts'

export interface NewExercise {
  /** Absolute. */
  folder: string
  /** What was written, relative to the course. */
  files: string[]
}

/**
 * Writes a small exercise that passes `author check`, to be changed piece by piece, and lists it in `course.yaml`.
 * @param place `<topic>/<id>`
 * @throws UserError when the place is not free or not in the course
 */
export async function createExercise(course: Course, place: string): Promise<NewExercise> {
  const [topic = '', id = '', ...rest] = place.split('/')
  if (!isName(topic) || !isName(id) || rest.length > 0) {
    throw new UserError('usage', `"${place}" is no place for an exercise.`, {
      remedy:
        'Type a topic and a name, each of lower-case words joined by hyphens: npx learn-backend author new 06-caching/write-behind',
    })
  }
  if (course.folder.split(sep).includes('node_modules')) {
    throw new UserError('usage', `The course in ${course.folder} belongs to an installed package.`, {
      remedy: 'Name a course of your own with --course <folder>, or work in a clone of learn-backend.',
    })
  }
  const topics = course.topics.map((known) => known.id)
  if (!topics.includes(topic)) {
    const close = nearest(topic, topics)
    throw new UserError('usage', `The course has no topic "${topic}".${close ? ` Did you mean "${close}"?` : ''}`, {
      remedy: `Its topics: ${topics.join(', ')}. A new one is an entry in ${join(course.folder, 'course.yaml')}.`,
    })
  }
  const folder = join(course.folder, topic, id)
  if (existsSync(folder)) throw new UserError('usage', `${folder} exists already: nothing was changed.`)
  if (course.topics.some((known) => known.exercises.includes(id))) {
    throw new UserError('usage', `The course has an exercise "${id}" already: ids are unique in a course.`)
  }
  const files: string[] = []
  await cp(join(ownPackage().root, 'dist/skeleton'), folder, {
    recursive: true,
    filter: (_, target) => {
      files.push(relative(course.folder, target))
      return true
    },
  })
  await rename(folder, id)
  await list(course.folder, topic, id)
  return { folder, files: files.filter((file) => /\.\w+$/.test(file)).sort() }
}

/** Gives the copied exercise its own name. */
async function rename(folder: string, id: string): Promise<void> {
  const title = id.charAt(0).toUpperCase() + id.slice(1).replaceAll('-', ' ')
  await change(join(folder, 'exercise.yaml'), (text) =>
    text.replace(/^id: .*$/m, `id: ${id}`).replace(/^title: .*$/m, `title: ${title}`),
  )
  await change(join(folder, 'README.md'), (text) => text.replace(/^# .*$/m, `# ${title}`))
}

/** Adds it at the end of its topic; comments and layout of the file stay. */
async function list(courseFolder: string, topic: string, id: string): Promise<void> {
  await change(join(courseFolder, 'course.yaml'), (text) => {
    const document = parseDocument(text)
    const topics = document.get('topics')
    const index = isSeq(topics)
      ? topics.items.findIndex((item) => (item as { get?(key: string): unknown }).get?.('id') === topic)
      : -1
    const exercises = document.getIn(['topics', index, 'exercises'], true)
    if (isSeq(exercises)) document.addIn(['topics', index, 'exercises'], id)
    else document.setIn(['topics', index, 'exercises'], [id])
    return document.toString()
  })
}

async function change(file: string, edit: (text: string) => string): Promise<void> {
  await writeFile(file, edit(await readFile(file, 'utf8')))
}

function isName(text: string): boolean {
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text)
}

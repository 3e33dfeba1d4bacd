import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ownPackage } from '../package-root.ts'
import { courseFingerprint, hiddenFingerprint } from './fingerprint.ts'
import { findExercise, openCourse } from './open-course.ts'

let place: string
let course: string
const cache = () => ({ folder: join(place, 'cache') })

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'store-'))
  course = join(place, 'course')
  await cp(join(ownPackage().root, 'fixtures/courses/tiny'), course, { recursive: true })
})
afterEach(() => rm(place, { recursive: true, force: true }))

test('a course is kept under what it says, and found again', async () => {
  const first = await openCourse(course, cache())
  expect(await readdir(cache().folder)).toHaveLength(1)
  expect(await openCourse(course, cache())).toEqual(first)
  expect(first.exercises.map(({ id, languages }) => [id, languages])).toEqual([
    ['ping', ['js', 'ts']],
    ['echo', ['js', 'ts']],
  ])
})

test('a changed exercise, a new starter and a changed hidden test change the fingerprint', async () => {
  const file = join(course, '01-basics/ping/exercise.yaml')
  const before = courseFingerprint(course, '')
  await writeFile(file, (await readFile(file, 'utf8')).replace('minutes: 10', 'minutes: 11'))
  const after = courseFingerprint(course, '')
  expect(after).not.toBe(before)
  await cp(join(course, '01-basics/ping/starter/js'), join(course, '01-basics/ping/starter/python'), {
    recursive: true,
  })
  expect(courseFingerprint(course, '')).not.toBe(after)
  const ping = join(course, '01-basics/ping')
  const hidden = hiddenFingerprint(ping, '')
  await writeFile(join(ping, 'hidden/helper.ts'), 'export {}')
  expect(hiddenFingerprint(ping, '')).not.toBe(hidden)
})

test('a course with a mistake is not kept, and its other exercises can be used', async () => {
  const file = join(course, '02-tools/echo/exercise.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replace(/^id:.*$/m, 'id: echoo'))
  const opened = await openCourse(course, cache())
  expect(findExercise(opened, 'ping').title).toBe('Ping')
  expect(() => findExercise(opened, 'echo')).toThrow(
    /echo is not valid[\s\S]*id: is "echoo", but the folder is named "echo"/,
  )
  expect(() => findExercise(opened, 'pink')).toThrow(/Did you mean "ping"\?/)
  expect(await readdir(cache().folder).catch(() => [])).toEqual([])
})

test('a cache that can not be written costs nothing but time', async () => {
  await writeFile(join(place, 'cache'), 'a file, where the folder should be')
  expect((await openCourse(course, cache())).exercises).toHaveLength(2)
})

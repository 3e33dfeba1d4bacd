import { join, relative, resolve } from 'node:path'
import { builtInCourse, createExercise, loadCourse } from '../../grader/index.ts'
import type { Session } from '../session.ts'

export async function run(
  [place = '']: (string | undefined)[],
  options: Record<string, unknown>,
  session: Session,
): Promise<number> {
  const { cwd, stdout } = session
  const own = typeof options['course'] === 'string'
  const course = await loadCourse(own ? resolve(cwd, String(options['course'])) : builtInCourse)
  const { folder, files } = await createExercise(course, place)
  if (options['json']) {
    stdout.write(`${JSON.stringify({ folder, files }, null, 2)}\n`)
    return 0
  }
  const id = place.split('/')[1]
  const lines = [
    `A small exercise that works is now in ${relative(cwd, folder) || folder}, and course.yaml lists it:`,
    ...files.map((file) => `  ${file}`),
    '',
    `Change it piece by piece, the spec first: ${relative(cwd, join(folder, 'README.md'))}`,
    `After each piece, type: npx learn-backend author check ${id}${own ? ` --course ${String(options['course'])}` : ''}`,
  ]
  stdout.write(`${lines.join('\n')}\n`)
  return 0
}

import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ciPipelines, nearest, ownPackage, UserError } from '../../grader/index.ts'
import type { Session } from '../session.ts'

/** What `ci init` did about a file. */
interface Placed {
  path: string
  state: 'written' | 'unchanged'
}

export async function run(
  [platform = '']: (string | undefined)[],
  options: Record<string, unknown>,
  { cwd, stdout }: Session,
): Promise<number> {
  const { ciFiles, ciPlatforms } = await ciPipelines()
  const known = ciPlatforms.find((name) => name === platform)
  if (!known) throw unknownPlatform(platform, ciPlatforms)
  const files = ciFiles(known, { version: ownPackage().version, ...(await settings(options, cwd)) })
  if (options['print']) {
    const text = files.map(({ path, text }) => (files.length > 1 ? `# ----- ${path}\n${text}` : text)).join('\n')
    stdout.write(options['json'] ? `${JSON.stringify({ files }, null, 2)}\n` : text)
    return 0
  }
  const placed = await place(files, cwd, known, options)
  if (options['json']) {
    stdout.write(`${JSON.stringify({ files: placed }, null, 2)}\n`)
    return 0
  }
  const words = { written: 'written', unchanged: 'is there already, just like this' }
  const lines = placed.map(({ path, state }) => `  ${path}  (${words[state]})`)
  const next = 'Read what their first lines say, then commit and push them to the repository that learners fork.'
  const isRoot = await stat(join(cwd, '.git')).then(
    () => true,
    () => false,
  )
  const notRoot = isRoot ? [] : ['This folder is not the root of a git repository, and platforms look only there.']
  stdout.write(`${[`The pipeline for ${known}:`, ...lines, '', ...notRoot, next].join('\n')}\n`)
  return 0
}

async function settings(
  options: Record<string, unknown>,
  cwd: string,
): Promise<{ course?: string; gradeOptions: string[] }> {
  const { course, failUnder, isolation } = options
  if (typeof course === 'string') await checkCourse(course, cwd)
  if (failUnder !== undefined && !/^(100|\d{1,2})$/.test(String(failUnder)))
    throw new UserError('usage', `"${String(failUnder)}" is no percentage of the points.`, {
      remedy: 'Give a whole number from 0 to 100, e.g. --fail-under 80',
    })
  return {
    ...(typeof course === 'string' && { course: course.replace(/^\.\/+|\/+$/g, '') }),
    gradeOptions: [
      ...(failUnder === undefined ? [] : ['--fail-under', String(failUnder)]),
      ...(isolation === undefined ? [] : ['--isolation', String(isolation)]),
    ],
  }
}

async function checkCourse(course: string, cwd: string): Promise<void> {
  const found = await stat(join(cwd, course, 'course.yaml')).catch(() => undefined)
  if (found?.isFile()) return
  throw new UserError('usage', `There is no course.yaml in ${course}.`, {
    remedy: 'Give the folder of a course in this repository, or leave --course out to grade with the built-in one.',
  })
}

/** Nothing is written before all of it can be: half a pipeline would look like a whole one. */
async function place(
  files: { path: string; text: string }[],
  cwd: string,
  platform: string,
  options: Record<string, unknown>,
): Promise<Placed[]> {
  const placed: Placed[] = []
  for (const { path, text } of files) {
    const present = await readPresent(join(cwd, path))
    if (present !== undefined && present !== text)
      throw new UserError(
        'usage',
        `${path} exists and is another file: it is left as it is, and nothing was written.`,
        {
          remedy: `Compare it with: npx learn-backend ci init ${[platform, ...given(options)].join(' ')} --print\nThen take over what you want, or move your file away and type this again.`,
        },
      )
    placed.push({ path, state: present === undefined ? 'written' : 'unchanged' })
  }
  for (const [index, { path, text }] of files.entries()) {
    if (placed[index]?.state !== 'written') continue
    await mkdir(dirname(join(cwd, path)), { recursive: true }).catch(refused(path))
    await writeFile(join(cwd, path), text, { flag: 'wx' }).catch(refused(path))
  }
  return placed
}

function given({ course, failUnder, isolation }: Record<string, unknown>): string[] {
  return Object.entries({ course, 'fail-under': failUnder, isolation }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${String(value)}`],
  )
}

async function readPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    return refused(file)(error)
  }
}

function refused(path: string): (cause: unknown) => never {
  return (cause) => {
    const { code } = cause as NodeJS.ErrnoException
    if (code === undefined) throw cause
    throw new UserError('not_writable', `${path} can't be written (${code}).`, {
      remedy: 'Type this in the root of the repository that learners fork, as somebody who may write there.',
      cause,
    })
  }
}

function unknownPlatform(platform: string, platforms: readonly string[]): UserError {
  const alike = nearest(platform, platforms)
  const question = alike === undefined ? '' : ` Did you mean "${alike}"?`
  return new UserError('usage', `No pipeline is known for "${platform}".${question}`, {
    remedy: `Type: npx learn-backend ci init ${platforms.join('|')}`,
  })
}

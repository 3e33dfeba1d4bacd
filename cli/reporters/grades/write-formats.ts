import { resolve } from 'node:path'
import { type Grades, nearest, UserError } from '../../../grader/index.ts'
import type { Session } from '../../session.ts'
import type { GradeFormat, Rendering } from './format.ts'
import { stopCommands } from './github.ts'
import { type GradeFormatName, gradeFormats } from './index.ts'
import { appendResult, writeResult } from './write-file.ts'

/** One `--format name[=file]`. */
export interface WantedFormat {
  name: GradeFormatName
  /** A file; `gitlab` takes a folder. */
  target?: string
}

/** Reads the values of `--format`; `name=-` is standard output. */
export function parseFormats(values: string[]): WantedFormat[] {
  const wanted = values.map(parseFormat)
  const places = new Map<string, string>()
  for (const { name, target } of wanted) {
    const place = target ?? 'standard output'
    const other = formatOf(name).forPlatform ? undefined : places.get(place)
    if (other !== undefined) {
      throw new UserError('usage', `"${other}" and "${name}" would both be written to ${place}.`, {
        remedy: `Give one a file of its own, e.g. --format ${name}=grades.${name}`,
      })
    }
    if (!formatOf(name).forPlatform) places.set(place, name)
  }
  return wanted
}

function parseFormat(value: string): WantedFormat {
  const [, name = '', target] = /^([^=]*)(?:=([^]*))?$/.exec(value) ?? []
  if (!isFormat(name)) throw unknownFormat(name)
  const format = formatOf(name)
  if (format.forPlatform && target !== undefined) {
    throw new UserError('usage', `The format "${name}" takes no file: the platform says where it goes.`, {
      remedy: `Type: --format ${name}`,
    })
  }
  if (target === '') {
    throw new UserError('usage', `After "${name}=" a file is missing.`, { remedy: `Type: --format ${name}=<file>` })
  }
  if (target === '-' && name === 'gitlab') {
    throw new UserError('usage', 'The format "gitlab" is two files: it needs a folder.', {
      remedy: 'Type: --format gitlab=<folder>',
    })
  }
  const file = target ?? format.file
  return { name, ...(file !== undefined && file !== '-' && { target: file }) }
}

function unknownFormat(name: string): UserError {
  const names = Object.keys(gradeFormats)
  const alike = nearest(name, names)
  const list = Object.entries(gradeFormats).map(([known, { description }]) => `  ${known.padEnd(10)}${description}`)
  const question = alike === undefined ? '' : ` Did you mean "${alike}"?`
  return new UserError('usage', `There is no format "${name}".${question}`, {
    remedy: `Formats, as --format <name> or --format <name>=<file>:\n${list.join('\n')}`,
  })
}

function isFormat(name: string): name is GradeFormatName {
  return Object.hasOwn(gradeFormats, name)
}

function formatOf(name: GradeFormatName): GradeFormat {
  return gradeFormats[name]
}

export interface Surroundings extends Pick<Session, 'cwd' | 'env' | 'terminal'> {
  /** What was to be printed is printed here when a file can't be written: a long grading is not lost. */
  stdout?: { write(text: string): unknown }
  /** The folder that was graded; the current one when it is not given. */
  root?: string
  /** Makes the JSON that is written instead: a signed one. */
  signWith?: (grades: Grades) => string
}

/**
 * Writes grades in every wanted format. A log for people is added when none of them is one. A file that can't be written
 * keeps no other from being written.
 * @returns what to print on standard output
 */
export async function writeFormats(grades: Grades, wanted: WantedFormat[], around: Surroundings): Promise<string> {
  const printed = wanted.some(({ name, target }) => target === undefined && !formatOf(name).forPlatform)
  const all = printed ? wanted : [{ name: 'terminal' as const }, ...wanted]
  const forGithub = all.some(({ name }) => name === 'github')
  const refusals: unknown[] = []
  let output = ''
  for (const { name, target } of all) {
    const { cwd, env, terminal, root = cwd } = around
    const renderings = await formatOf(name).render(grades, {
      ...(target !== undefined && { target }),
      env,
      terminal,
      root: resolve(cwd, root),
    })
    for (const plain of renderings) {
      const rendering = name === 'json' && around.signWith ? { ...plain, text: around.signWith(grades) } : plain
      if (rendering.file !== undefined) {
        await writeOne(rendering, rendering.file, cwd).catch((error: unknown) => refusals.push(error))
      } else output += forGithub && name !== 'github' ? stopCommands(rendering.text) : rendering.text
    }
  }
  if (refusals.length === 0) return output
  around.stdout?.write(output)
  throw refusals[0]
}

async function writeOne({ append, text }: Rendering, file: string, cwd: string): Promise<void> {
  await (append ? appendResult(file, text, cwd) : writeResult(file, text, cwd))
}

import { relative } from 'node:path'
import { type Course, type ExerciseState, type LanguageHere, languageName } from '../../grader/index.ts'
import { hanging } from '../hanging.ts'
import { layoutFor } from '../layout.ts'
import type { Terminal } from '../terminal.ts'
import { whatToType } from '../what-to-type.ts'

/** What `next` has found or done; `--json` prints it as it is. Paths are absolute. */
export interface NextResult {
  workspace: string
  /** Only when it was made now; names relative to it. */
  made?: { created: string[]; kept: string[] }
  exercise: ExerciseState
  /** The topic's title. */
  topic: string
  lang: string
  folder: string
  edit: string[]
  /** Only when spec and starter were placed now; names relative to the folder. */
  placed?: { created: string[]; kept: string[] }
  /** Only when work in another language was put aside. */
  switched?: { from: string; kept?: string; back: boolean }
  /** Of the exercise, and whether they can be used on this machine. */
  languages: LanguageHere[]
  lastAttempt?: { at: string; status: string; cause?: string; seed: string }
  /** What to type. */
  next: string
}

/** What to read, edit and type. */
export async function nextText(result: NextResult, terminal: Terminal, cwd: string): Promise<string> {
  const { exercise, made, placed, edit, folder } = result
  const here = (path: string) => relative(cwd, path) || '.'
  const rows: [string, string][] = []
  const spec = here(`${folder}/README.md`)
  if (made) rows.push(...madeRows(made, here(result.workspace)))
  for (const name of placed?.kept ?? [])
    rows.push(['kept', `${here(`${folder}/${name}`)} (it is not the starter's; yours was left alone)`])
  if (result.switched) rows.push(...switchedRows(result.switched))
  if (exercise.failing) rows.push(['failing', `${exercise.failing.id}: ${exercise.failing.title}`])
  rows.push([
    'read',
    exercise.failing ? `${spec}, ${exercise.failing.section}` : `${spec} (or type ${whatToType('spec')})`,
  ])
  rows.push(['edit', edit.map(here).join(', ')])
  if (placed && exercise.attempts === 0) rows.push(...languageRows(result))
  rows.push(['type', result.next + (exercise.failing ? `, or ${whatToType('hint')}` : '')])

  const { width } = terminal
  const head = [
    `${terminal.bold(exercise.title)} · ${exercise.id} · ${result.topic} · ${languageName(result.lang)}`,
    terminal.dim(stateOf(result)),
    ...(placed ? [exercise.summary] : []),
  ]
  const layout = await layoutFor([...head, ...rows.map(([, text]) => text)], width - indent)
  const lines = [
    ...head.map((line) => hanging(line, { width, indent: 0, layout })),
    '',
    ...rows.map(
      ([label, text]) => `  ${terminal.dim(label.padEnd(indent - 3))} ${hanging(text, { width, indent, layout })}`,
    ),
  ]
  return `${lines.join('\n')}\n`
}

/** Columns before a row's text. */
const indent = 12

function madeRows({ created, kept }: NonNullable<NextResult['made']>, root: string): [string, string][] {
  const rows: [string, string][] = [
    ['made', `a workspace in ${root === '.' ? 'this folder' : root}: ${created.join(', ')}`],
  ]
  if (kept.length > 0) rows.push(['kept', `${kept.join(', ')} (there already, and left alone)`])
  return rows
}

function switchedRows({ from, kept, back }: NonNullable<NextResult['switched']>): [string, string][] {
  const rows: [string, string][] = []
  if (kept)
    rows.push([
      'kept',
      `your work in ${languageName(from)}, in ${kept}; ${whatToType(`next --lang ${from}`)} brings it back`,
    ])
  if (back) rows.push(['back', 'what you had written in this language before'])
  return rows
}

/** The other languages: those that can be used, and how to get those that can't. */
function languageRows({ languages, lang }: NextResult): [string, string][] {
  const others = languages.filter(({ id }) => id !== lang)
  const here = others.filter(({ version }) => version !== undefined)
  const rows: [string, string][] = []
  if (here.length > 0)
    rows.push(['or in', `${here.map(({ name }) => name).join(', ')}: ${whatToType(`next --lang ${here[0]?.id}`)}`])
  for (const { name, remedy } of others.filter(({ version }) => version === undefined))
    rows.push(['', `${name}, once it is installed. ${remedy ?? ''}`.trim()])
  return rows
}

function stateOf({ exercise, placed, lastAttempt }: NextResult): string {
  const { points, minutes, attempts, status } = exercise
  if (placed && attempts === 0) return `new · ${points.possible} points · about ${minutes} minutes`
  const tried = attempts === 0 ? 'not verified yet' : `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`
  const cause = lastAttempt?.cause ? ` · the last one: ${lastAttempt.cause.replaceAll('_', ' ')}` : ''
  return `${status} · ${points.earned} of ${points.possible} points · ${tried}${cause}`
}

/** For a learner who has nothing left to do. */
export function allPassedText(course: Course, terminal: Terminal): string {
  return `${terminal.green(`✔ All ${course.exercises.length} exercises of "${course.title}" are passed.`)}
To look back, type: ${whatToType('status')}, or start one again: ${whatToType('reset <exercise>')}
`
}

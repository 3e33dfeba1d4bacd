import { randomBytes } from 'node:crypto'
import type { Grades } from '../../../grader/index.ts'
import type { GradeFormat, Rendering } from './format.ts'
import { markdownWithin } from './markdown.ts'
import { type Failure, nameOf, passedIn, percentOf, pointsOf, verdictOf } from './outcome.ts'
import { firstFailures, pathInRepository, type Place, placeOf } from './place.ts'
import { plainGrades, plainLine, plainText } from './plain-text.ts'

/** GitHub takes a mebibyte of summary from a step, and drops all of it when there is more. */
const summaryBytes = 768 * 1024

/** More of a kind are not shown for one step. */
const mostAnnotations = 10

/**
 * For a step of GitHub Actions: a summary, outputs, and annotations on the learners' own lines. Each goes only where the
 * runner gives a file for it, so the format can be tried elsewhere.
 * See https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
export const githubGrades: GradeFormat = {
  description: 'a summary, annotations and outputs of GitHub Actions',
  forPlatform: true,
  render(received, { env, root }): Rendering[] {
    const grades = plainGrades(received)
    const { GITHUB_STEP_SUMMARY: summary, GITHUB_OUTPUT: output, GITHUB_WORKSPACE: workspace } = env
    return [
      ...(summary ? [{ file: summary, append: true, text: markdownWithin(grades, summaryBytes) }] : []),
      ...(output ? [{ file: output, append: true, text: outputsOf(grades) }] : []),
      { text: annotationsOf(grades, pathInRepository(root, workspace)) },
    ]
  },
}

/** Numbers and words of ours: none can hold a line break, which would need the longer form with a delimiter. */
function outputsOf(grades: Grades): string {
  const { earned, possible } = grades.points
  const outputs = {
    points: earned,
    possible,
    percent: percentOf(grades.points),
    passed: passedIn(grades) === grades.submissions.length,
  }
  return Object.entries(outputs)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

function annotationsOf(grades: Grades, repository: string): string {
  return firstFailures(grades.submissions)
    .slice(0, mostAnnotations)
    .map(({ submission, failure }) => {
      const { report } = submission
      const title = `${nameOf(submission)}: ${pointsOf(report.points)}, ${verdictOf(report)}`
      return annotation(placeOf(submission, failure, repository), title, failure)
    })
    .join('')
}

function annotation({ path, line, column }: Place, title: string, { message, evidence }: Failure): string {
  const { expected, got } = evidence
  const lines = [message, expected && `expected ${expected}`, got && `got ${got}`].filter(Boolean).join('\n')
  const properties = Object.entries({ file: path, line, col: column, title: plainLine(title) })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${escapeProperty(String(value))}`)
  return `::error ${properties.join(',')}::${escapeData(plainText(lines, 2000))}\n`
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/** Text for the log of GitHub Actions in which no line is a command: nobody can guess the word that ends it. */
export function stopCommands(text: string, token: string = randomBytes(16).toString('hex')): string {
  if (text === '') return ''
  return `::stop-commands::${token}\n${text.endsWith('\n') ? text : `${text}\n`}::${token}::\n`
}

import type { Grades, Submission } from '../../../grader/index.ts'
import type { GradeFormat } from './format.ts'
import {
  confinementOf,
  evidenceRows,
  evidenceText,
  type Failure,
  failuresOf,
  pointsOf,
  sumOf,
  verdictOf,
} from './outcome.ts'
import { plainGrades, plainLine, withoutCommands } from './plain-text.ts'

/** GitHub flavoured Markdown, for comments and summaries: nothing that a solution said becomes markup. */
export const markdownGrades: GradeFormat = {
  description: 'a table and the failures, as GitHub flavoured Markdown',
  render: (grades, { target }) => [
    { ...(target !== undefined && { file: target }), text: markdownWithin(grades, Number.POSITIVE_INFINITY) },
  ],
}

/** Failed tests that are shown of one submission. */
const mostFailures = 3

/**
 * A page of at most so many bytes in UTF-8. It is cut between its parts, so that nothing is left open, and says what
 * was left out.
 */
export function markdownWithin(received: Grades, bytes: number): string {
  const grades = plainGrades(received)
  const failed = grades.submissions.filter(({ report }) => report.status !== 'passed')
  const head = `# Grades: ${words(grades.course.title)}\n\n**${sumOf(grades)}**\n\n${words(confinementOf(grades), 1000)}\n`
  const note = (count: number, what: string) => `\n_${count} more ${what} left out: this page would be too long._\n`
  let room = bytes - Buffer.byteLength(head) - 200
  const fill = (parts: string[], what: string): string => {
    let kept = 0
    while (kept < parts.length && Buffer.byteLength(parts[kept] ?? '') <= room) {
      room -= Buffer.byteLength(parts[kept] ?? '')
      kept++
    }
    return parts.slice(0, kept).join('') + (kept < parts.length ? note(parts.length - kept, what) : '')
  }
  const { top, rows } = table(grades.submissions)
  // A table's first two lines are nothing without each other.
  const shownTop = fill([top], 'columns')
  const shownTable = shownTop === top ? top + fill(rows, 'lines') : shownTop
  return withoutCommands(head + shownTable + fill(failed.map(detailsOf), 'failed submissions'))
}

/** Learners by exercises; without learners an exercise is a line. */
function table(submissions: Submission[]): { top: string; rows: string[] } {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |\n`
  const cell = ({ report }: Submission) => `${report.status === 'passed' ? '✅' : '❌'} ${pointsOf(report.points)}`
  if (submissions.length === 0) return { top: '\nNothing was graded.\n', rows: [] }
  if (submissions.every(({ learner }) => learner === undefined)) {
    return {
      top: `\n${line(['Exercise', 'Points', 'Verdict'])}${line(['---', '--:', '---'])}`,
      rows: submissions.map((one) => line([code(one.exercise), cell(one), verdictOf(one.report)])),
    }
  }
  const exercises = [...new Set(submissions.map(({ exercise }) => exercise))]
  const learners = [...new Set(submissions.map(({ learner = '' }) => learner))]
  const sum = (own: Submission[]) => {
    const total = (key: 'earned' | 'possible') => own.reduce((before, { report }) => before + report.points[key], 0)
    return pointsOf({ earned: total('earned'), possible: total('possible') })
  }
  const cells = (own: Submission[]) =>
    exercises.map(
      (exercise) =>
        own
          .filter((one) => one.exercise === exercise)
          .map(cell)
          .join(' ') || '–',
    )
  return {
    top: `\n${line(['Learner', ...exercises.map(code), 'Sum'])}${line(['---', ...exercises.map(() => '--:'), '--:'])}`,
    rows: learners.map((learner) => {
      const own = submissions.filter((one) => (one.learner ?? '') === learner)
      return line([code(learner), ...cells(own), sum(own)])
    }),
  }
}

function detailsOf(submission: Submission): string {
  const { learner, exercise, folder, report } = submission
  const failures = failuresOf(report)
  const more = failures.length - mostFailures
  const title = [...(learner === undefined ? [] : [code(learner)]), code(exercise)].join(' · ')
  // The blank line ends the block of HTML: what follows is Markdown again.
  return `
<details><summary>❌ ${title}: ${pointsOf(report.points)}, ${words(verdictOf(report))}</summary>

Folder ${code(folder)}
${failures.slice(0, mostFailures).map(failureBlock).join('')}${more > 0 ? `\n${more} more failed.\n` : ''}
</details>
`
}

function failureBlock({ step, test, message, evidence }: Failure): string {
  const rows = [...(test ? [{ label: 'test', text: test.title }] : []), { label: 'why', text: message }]
  const title = step ? `**${words(step.title)}**` : '**The whole solution**'
  return `\n${title}\n\n${fenced(evidenceText([...rows, ...evidenceRows(evidence)]))}\n`
}

/** Text that stays as it is: the fence is longer than any run of backticks in it. */
function fenced(text: string): string {
  const longest = (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2)
  const fence = '`'.repeat(longest + 1)
  return `${fence}text\n${text}\n${fence}`
}

/**
 * One line in code style. As HTML, not in backticks: it works in a cell, where Markdown splits at `|` even in code, and
 * in a summary. In code GitHub makes no mention, reference or emoji of anything.
 */
function code(text: string): string {
  return `<code>${words(text)}</code>`
}

/**
 * One line of text without a meaning in Markdown or HTML: each mark that could have one is a character reference. GitHub
 * looks for mentions, references and addresses in what is already rendered, so a space without width keeps those apart.
 */
function words(text: string, limit = 200): string {
  const escaped = plainLine(text, limit).replace(/[!#$&*:<>@[\\\]^_`{|}~]/g, (mark) => `&#${mark.charCodeAt(0)};`)
  return escaped.replace(/&#(?:64|35);|&#58;(?=\S)|\b(?:www(?=\.)|GH(?=-))/gi, '$&&#8203;') || '–'
}

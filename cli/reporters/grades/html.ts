import { createHash } from 'node:crypto'
import type { Grades, ReportStep, ReportTest, Submission } from '../../../grader/index.ts'
import type { GradeFormat } from './format.ts'
import { style } from './html-style.ts'
import {
  confinementOf,
  type Evidence,
  evidenceRows,
  failuresOf,
  nameOf,
  pointsOf,
  seconds,
  sumOf,
  verdictOf,
} from './outcome.ts'
import { plainGrades, plainLine, withoutCommands } from './plain-text.ts'

/** A page in one file: it asks for nothing from anywhere, and needs no script. */
export const htmlGrades: GradeFormat = {
  description: 'a page to look at, in one file',
  file: 'grades.html',
  render: (grades, { target }) => [{ ...(target !== undefined && { file: target }), text: htmlPage(grades) }],
}

function htmlPage(received: Grades): string {
  const grades = plainGrades(received)
  const allowed = createHash('sha256').update(style).digest('base64')
  const title = text(`Grades: ${grades.course.title}`)
  const passed = grades.submissions.every(({ report }) => report.status === 'passed')
  // Whatever gets into the page in spite of all escaping could neither run nor ask for anything.
  return withoutCommands(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${allowed}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="sum ${passed ? 'passed' : 'failed'}">${text(sumOf(grades))}</p>
<p class="soft">${text(confinementOf(grades))}</p>
<p class="soft">Graded ${text(grades.startedAt)} by learn-backend ${text(grades.grader)}</p>
</header>
<main>
${table(grades.submissions)}
${grades.submissions.map(section).join('\n')}
</main>
</body>
</html>
`)
}

function table(submissions: Submission[]): string {
  if (submissions.length === 0) return '<p>Nothing was graded.</p>'
  const learners = submissions.some(({ learner }) => learner !== undefined)
  const head = [...(learners ? ['Learner'] : []), 'Exercise', 'Points', 'Verdict']
  const rows = submissions.map((submission, index) => {
    const { learner = '', exercise, report } = submission
    const link = (name: string) => `<a href="#submission-${index + 1}">${name}</a>`
    const names = learners
      ? `<th scope="row">${link(name(learner))}</th><td>${name(exercise)}</td>`
      : `<th scope="row">${link(name(exercise))}</th>`
    return `<tr>${names}<td class="figure">${pointsOf(report.points)}</td><td>${verdict(report)}</td></tr>`
  })
  const columns = head.map((label) => `<th scope="col"${label === 'Points' ? ' class="figure"' : ''}>${label}</th>`)
  return `<table>
<caption>Points of each submission</caption>
<thead><tr>${columns.join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`
}

function section(submission: Submission, index: number): string {
  const { folder, report } = submission
  const whole = failuresOf(report).find(({ test }) => test === undefined)
  const services = report.services.map(({ id, version, driver }) => `${id} ${version} (${driver})`)
  const facts = [folder, `${report.toolchain.name} ${report.toolchain.version}`, ...services, `seed ${report.seed}`]
  return `<section>
<h2 id="submission-${index + 1}">${name(nameOf(submission))}</h2>
<p>${pointsOf(report.points)} points · ${verdict(report)} · ${seconds(report.ms, 1)} s</p>
<p class="soft">${facts.map(name).join(' · ')}</p>
${whole ? `<pre>${block(whole.message)}</pre>\n${evidenceList(whole.evidence)}` : ''}
${report.steps.map(stepDetails).join('\n')}
</section>`
}

function stepDetails(step: ReportStep): string {
  const failed = step.status === 'failed' || step.status === 'errored'
  const tests = step.tests.map(testDetails).join('\n')
  const needs = step.needs === undefined ? '' : ` (needs ${text(step.needs)})`
  return `<details${failed ? ' open' : ''}>
<summary><h3>${name(step.title)}</h3> ${pointsOf(step.points)} · ${mark(step.status)}${needs}</summary>
${tests || '<p>No test of it was run.</p>'}
</details>`
}

function testDetails(test: ReportTest): string {
  const line = `${mark(test.status)} · ${name(test.title)} <span class="soft">${Math.round(test.ms)} ms</span>`
  const cause = test.limit ?? test.cause
  const said = test.message === undefined ? '' : `<pre>${block(test.message)}</pre>`
  const evidence = evidenceList(test.evidence ?? {})
  if (!said && !evidence) return `<p>${line}</p>`
  const why = cause === undefined ? '' : ` · ${text(cause.replaceAll('_', ' '))}`
  return `<details${test.status === 'failed' ? ' open' : ''}>
<summary>${line}${why}</summary>
${said}
${evidence}
</details>`
}

function evidenceList(evidence: Evidence): string {
  const rows = evidenceRows(evidence).map((row) => `<dt>${row.label}</dt>\n<dd><pre>${block(row.text)}</pre></dd>`)
  return rows.length === 0 ? '' : `<dl>\n${rows.join('\n')}\n</dl>`
}

function verdict(report: Submission['report']): string {
  return mark(report.status, verdictOf(report))
}

/** Said by sign and word, not by colour alone. */
function mark(status: 'passed' | 'failed' | 'skipped' | 'errored', word: string = status): string {
  const [sign, look] = { passed: ['✔', status], skipped: ['○', status] }[status as 'passed'] ?? ['✖', 'failed']
  return `<span class="${look}">${sign} ${text(word)}</span>`
}

/** Another's words in a line of ours: their direction of writing stays theirs. */
function name(words: string): string {
  return `<bdi>${text(words) || '–'}</bdi>`
}

function text(words: string): string {
  return escapeHtml(plainLine(words, 500))
}

/** Text in `pre`, whose first line break a browser would drop; spaces at a line's end are seen to be meant. */
function block(words: string): string {
  const escaped = escapeHtml(words.startsWith('\n') ? `\n${words}` : words)
  return escaped.replace(/[ \t\u00a0]+$/gm, (spaces) => spaces.replace(/./g, (space) => `&#${space.charCodeAt(0)};`))
}

function escapeHtml(words: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return words.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

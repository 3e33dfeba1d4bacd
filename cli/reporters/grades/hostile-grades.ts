import type { Grades, ReportTest, Submission } from '../../../grader/index.ts'
import { gradesFor, reportFor, stepFor } from './class-of-three.ts'

const escape = '\u001b'

/** What somebody writes who wants more than a grade: each may stand in every text. For tests. */
export const hostileTexts: string[] = [
  `${escape}[2J${escape}[31mred${escape}]0;title\u0007 ${escape}]8;;https://evil.example\u0007link${escape}]8;;\u0007`,
  ']]><injected/><![CDATA[',
  '</pre></code></details></script></style></title><script>alert(1)</script><img src=x onerror=alert(1)>',
  '<!-- --><?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e; &lt; &#0; &#x1b;',
  '::error::forged',
  ' \t\u00a0::set-output name=points::100\n::add-mask::a\r::stop-commands::x\r\n::warning file=a::b',
  `::x\n${'words '.repeat(40)}::error::after a break ${'y'.repeat(300)}::error::in a word`,
  '##[command]forged ##[error]forged and ##vso[task.setvariable variable=a]b ##teamcity[buildProblem description=x]',
  '%0A::error::forged %25 %0D%0A::error file=a,line=1::forged',
  'points=100\npassed<<EOF\ntrue\nEOF',
  '``` ```` ````` `code` \n```\n# heading\n~~~\n```js\n',
  '`'.repeat(300),
  '| a | b |\n|---|---|\n| \\| c \\\\| |',
  '# h\n\n- item\n> quote\n1. one\n***\n![i](https://evil.example/i.png) [l](javascript:alert(1)) <https://evil.example>',
  '[ref]: https://evil.example "t"\n[ref] [^1]\n\n[^1]: note\n**bold** _em_ ~~del~~ \\*',
  '@everyone @ada/team ada@evil.example #1 GH-1 ada/repo#1 www.evil.example https://evil.example mailto:a@evil.example :tada:',
  'javascript:alert(1) data:text/html,<script>alert(1)</script> \' onmouseover=\'alert(1) " onfocus="alert(1)',
  'half \ud800 pair \udc00 and \ufffe \uffff \u{1ffff} \ufdd0',
  `zero \u0000 and ${String.fromCharCode(...Array.from({ length: 32 }, (_, index) => index))}`,
  '\u007f \u0080 \u0085::error::next line \u009b31m C1',
  '\u202egnirts\u202c \u2066\u2067\u2068\u2069 \u202a\u202b\u202d',
  'line\u2028::error::separated\u2029::error::again',
  '../../../../etc/passwd',
  '/etc/passwd:1:1',
  '..:1:1',
  'section_start:1:a\r\u001b[0Khidden',
  '\u0391\u05d0\u0627 日本語 e\u0301 👩‍👩‍👧‍👦',
  '',
]

const million = `${'long \u001b[1m<b>&`|\n::error::x '.repeat(37_000)}\ud83d`

/** Every text of it is hostile. */
function hostileSubmission(text: string, index: number): Submission {
  const test: ReportTest = {
    title: text,
    status: 'failed',
    ms: 1e21,
    message: text,
    evidence: {
      asked: text,
      sent: text,
      expected: text,
      got: text,
      notes: [text, text],
      conversation: [text],
      replay: text,
      log: [text, text],
      stack: [text, `${text}:1:1`],
    },
  }
  const step = stepFor(`step-${index}`, 5, [test, { ...test, status: 'skipped' }, { ...test, status: 'passed' }], {
    title: text,
    section: text,
    needs: text,
  })
  const whole = index % 2 === 0 ? { message: text, evidence: test.evidence } : {}
  return {
    learner: text,
    exercise: `exercise-${index % 3}${text}`,
    folder: text,
    report: reportFor({
      ...whole,
      status: index % 5 === 0 ? 'errored' : 'failed',
      exercise: { id: text, title: text, topic: text },
      steps: [step, stepFor(text, 0, [])],
      seed: text,
      toolchain: { id: text, name: text, version: text },
      services: [{ id: text, driver: text, version: text }],
      isolation: { id: text, mechanism: text, limits: [text] },
      startedAt: text,
      grader: text,
    }),
  }
}

/** Grades in which whatever can be chosen by somebody else is an attack on whoever reads them. For tests. */
export const hostileGrades: Grades = {
  ...gradesFor(hostileTexts.map(hostileSubmission)),
  course: { id: hostileTexts.join(' '), title: hostileTexts.join(' ') },
  isolation: { id: 'none', mechanism: hostileTexts.join('\n'), limits: hostileTexts },
  startedAt: hostileTexts.join(' '),
  grader: hostileTexts.join(' '),
}

/** Texts of a megabyte, and endless lists. For tests. */
export const hugeGrades: Grades = gradesFor([
  hostileSubmission(million, 0),
  {
    exercise: 'endless',
    folder: 'endless',
    report: reportFor({ message: 'x', evidence: { log: Array.from({ length: 100_000 }, () => '::error::x') } }),
  },
])

/** What no output may hold, whatever its format: each with the place where it stands. For tests. */
export function dangersIn(output: string): string[] {
  const dangers: Record<string, RegExp> = {
    'a control character': /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
    'a turned direction': /[\u202a-\u202e\u2066-\u2069]/g,
    'half a character': /\p{Surrogate}/gu,
    'a command at a line': /^\s*::/gm,
    'a command in brackets': /##(?:\[|vso\[|teamcity\[)/g,
    'a separator of lines': /[\u2028\u2029]/g,
  }
  return Object.entries(dangers).flatMap(([danger, pattern]) =>
    [...output.matchAll(pattern)].slice(0, 3).map(({ index }) => {
      const near = JSON.stringify(output.slice(Math.max(0, index - 30), index + 30))
      return `${danger} at ${index}: ${near}`
    }),
  )
}

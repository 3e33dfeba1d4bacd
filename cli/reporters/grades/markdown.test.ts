import { type Token, type Tokens, marked } from 'marked'
import { expect, test } from 'vitest'
import { classOfThree, gradesFor, reportFor } from './class-of-three.ts'
import { dangersIn, hostileGrades, hostileTexts, hugeGrades } from './hostile-grades.ts'
import { markdownGrades, markdownWithin } from './markdown.ts'
import { textOf } from './open-formats.ts'

/** All tokens, also those inside others and in cells. */
function tokensOf(markdown: string): Token[] {
  const all: Token[] = []
  void marked.walkTokens(marked.lexer(markdown, { gfm: true }), (token) => void all.push(token))
  return all
}

const html = (markdown: string) => marked.parse(markdown, { gfm: true, async: false })

/** What a reader sees, without what is in code: there GitHub looks for mentions, references and addresses. */
const proseOf = (page: string) =>
  page
    .replace(/<(pre|code)[^]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, '')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))

test('a class is a table of learners by exercises, with the failures below', async () => {
  const text = await textOf(markdownGrades, classOfThree)
  expect(html(text)).toContain('<h1>Grades: Backend</h1>')
  const table = tokensOf(text).find((token): token is Tokens.Table => token.type === 'table') ?? expect.fail()
  const cells = (row: Tokens.TableCell[]) => row.map((cell) => cell.text.replace(/<\/?code>/g, ''))
  expect([table.header, ...table.rows].map(cells)).toEqual([
    ['Learner', 'hello-http', 'cache-aside', 'Sum'],
    ['ada', '✅ 5/5', '❌ 0/5', '5/10'],
    ['grace', '❌ 2/5', '❌ 0/5', '2/10'],
    ['linus', '❌ 0/5', '–', '0/5'],
  ])
  expect(text).toContain(`\`\`\`text
test      greets in every script
why       the path carries percent-encoded UTF-8
asked     GET /hello/Zo%C3%AB
`)
  expect(text.match(/<details>/g)).toHaveLength(4)
})

test('a workspace of one is a table of exercises', async () => {
  const own = classOfThree.submissions.slice(0, 2).map(({ learner: _learner, ...own }) => own)
  const text = await textOf(markdownGrades, gradesFor(own))
  expect(text).toContain('| <code>cache-aside</code> | ❌ 0/5 | environment |')
})

test('nothing graded is said', async () => {
  expect(await textOf(markdownGrades, gradesFor([]))).toContain('Nothing was graded.')
})

const hostile = [
  ['all of them', hostileGrades],
  ['texts of a megabyte', hugeGrades],
  ...hostileTexts.map((text, index): [string, typeof hostileGrades] => [
    JSON.stringify(text).slice(0, 40),
    gradesFor(hostileGrades.submissions.slice(index, index + 1)),
  ]),
] as [string, typeof hostileGrades][]

test.each(hostile)('nothing of a hostile text becomes markup: %s', async (_, grades) => {
  const text = await textOf(markdownGrades, grades)
  expect(dangersIn(text)).toEqual([])
  const tokens = tokensOf(text)
  const kinds = new Set(tokens.map(({ type }) => type))
  for (const kind of ['link', 'image', 'def', 'list', 'blockquote', 'hr', 'em', 'del', 'codespan', 'checkbox'])
    expect(kinds).not.toContain(kind)
  expect(tokens.filter(({ type }) => type === 'heading')).toHaveLength(1)
  const tags = new Set((html(text).match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/ (align|class)="[-\w]+"/, '')))
  const ours = [
    'h1',
    'p',
    'strong',
    'table',
    'thead',
    'tbody',
    'tr',
    'th',
    'td',
    'code',
    'pre',
    'details',
    'summary',
    'em',
  ]
  for (const tag of tags) expect(ours).toContain(tag.replace(/[<>/]/g, ''))
})

test.each(hostile)(
  'nothing of a hostile text is a mention, a reference or an address on GitHub: %s',
  async (_, grades) => {
    const prose = proseOf(html(await textOf(markdownGrades, grades)))
    expect(prose).not.toMatch(/@\w|#\d|GH-\d|www\.|https?:\/|mailto:\w|:\w+:/i)
  },
)

test('a fence is longer than the longest run of backticks in it', async () => {
  const message = `a\n${'`'.repeat(50)}\nb`
  const text = await textOf(markdownGrades, gradesFor([{ exercise: 'x', folder: 'x', report: reportFor({ message }) }]))
  expect(text.match(/^`{51}(text)?$/gm)).toHaveLength(2)
})

test('each table keeps its columns', async () => {
  const text = await textOf(markdownGrades, hostileGrades)
  const tables = tokensOf(text).filter((token): token is Tokens.Table => token.type === 'table')
  expect(tables).toHaveLength(1)
  const exercises = new Set(hostileGrades.submissions.map(({ exercise }) => exercise)).size
  expect(tables[0]?.header).toHaveLength(exercises + 2)
  expect(tables[0]?.rows).toHaveLength(new Set(hostileGrades.submissions.map(({ learner }) => learner)).size)
  for (const line of text.split('\n').filter((row) => row.startsWith('| '))) {
    expect(line.split('|')).toHaveLength(exercises + 4)
  }
})

test.each([2000, 5000, 20_000, 100_000])(
  'at most %i bytes, with nothing left open and a line that says so',
  (bytes) => {
    for (const grades of [
      hostileGrades,
      gradesFor(Array.from({ length: 60 }, () => classOfThree.submissions).flat()),
    ]) {
      const small = { ...grades, isolation: classOfThree.isolation, course: classOfThree.course }
      const text = markdownWithin(small, bytes)
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytes)
      expect(text.match(/<\/details>\n/g)?.length ?? 0).toBe(text.match(/<details>/g)?.length ?? 0)
      if (bytes < 20_000) expect(text).toContain('left out: this page would be too long')
    }
  },
)

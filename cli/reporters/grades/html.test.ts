import { createHash } from 'node:crypto'
import { HtmlValidate } from 'html-validate/node'
import { expect, test } from 'vitest'
import { classOfThree, gradesFor } from './class-of-three.ts'
import { dangersIn, hostileGrades, hugeGrades } from './hostile-grades.ts'
import { htmlGrades } from './html.ts'
import { textOf } from './open-formats.ts'

const validator = new HtmlValidate({
  root: true,
  extends: ['html-validate:recommended', 'html-validate:a11y', 'html-validate:document'],
  rules: {
    // The page is one file.
    'require-sri': 'error',
    'no-inline-style': 'error',
    'long-title': 'off',
  },
})

const several = [
  ['a class', classOfThree],
  ['nothing', gradesFor([])],
  ['a workspace of one', gradesFor(classOfThree.submissions.map(({ learner: _learner, ...own }) => own))],
  ['hostile grades', hostileGrades],
  ['texts of a megabyte', hugeGrades],
] as [string, typeof classOfThree][]

test.each(several)('%s: the page is valid and accessible', async (_, grades) => {
  const page = await textOf(htmlGrades, grades)
  const { results } = await validator.validateString(page)
  expect(
    results.flatMap(({ messages }) => messages.map(({ ruleId, message, line }) => [ruleId, message, line])),
  ).toEqual([])
  expect(dangersIn(page)).toEqual([])
})

test.each(several)('%s: the page has only our elements and attributes, and asks for nothing', async (_, grades) => {
  const page = await textOf(htmlGrades, grades)
  const tags = page.replace(/<style>[^]*<\/style>/, '').match(/<[^>]*>/g) ?? []
  const names = new Set(tags.map((tag) => /^<\/?([\w!]+)/.exec(tag)?.[1]))
  for (const name of ['script', 'img', 'iframe', 'link', 'object', 'form', 'base', undefined])
    expect(names).not.toContain(name)
  const bare = tags.map((tag) => tag.replace(/"[^"]*"/g, ''))
  const attributes = new Set(bare.flatMap((tag) => [...tag.matchAll(/\s([\w-]+)=/g)].map(([, attribute]) => attribute)))
  const ours = ['lang', 'charset', 'http-equiv', 'content', 'name', 'class', 'scope', 'href', 'id']
  for (const attribute of attributes) expect(ours).toContain(attribute)
  for (const [, href] of page.matchAll(/href="([^"]*)"/g)) expect(href).toMatch(/^#submission-\d+$/)
})

test('the policy allows our style by its hash, and nothing else', async () => {
  const page = await textOf(htmlGrades, classOfThree)
  const [, style = ''] = /<style>([^]*)<\/style>/.exec(page) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  expect(page).toContain(
    `content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'"`,
  )
  expect(style).not.toMatch(/url\(|@import/)
})

test('the page is light and dark, and says by words what it says by colours', async () => {
  const page = await textOf(htmlGrades, classOfThree)
  expect(page).toContain('<meta name="color-scheme" content="light dark">')
  expect(page).toContain('prefers-color-scheme: dark')
  expect(page).toContain('✔ passed')
  expect(page).toContain('✖ out of memory')
  expect(page).toContain('○ skipped')
})

/** By the formula of WCAG 2.2. */
function contrast(colours: [string, string]): number {
  const [lighter = 0, darker = 0] = colours
    .map((colour) => {
      const [red = 0, green = 0, blue = 0] = [1, 3, 5]
        .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    })
    .sort((left, right) => right - left)
  return (lighter + 0.05) / (darker + 0.05)
}

test('every text has enough contrast, in light and dark', async () => {
  const page = await textOf(htmlGrades, classOfThree)
  const themes = [...page.matchAll(/--text: [^}]*/g)].map(([theme]) =>
    Object.fromEntries(
      [...theme.matchAll(/--(\w+): (#\w{6})/g)].map(([, name, colour]) => [name, colour] as [string, string]),
    ),
  )
  expect(themes).toHaveLength(2)
  for (const theme of themes) {
    for (const front of ['text', 'soft', 'good', 'bad']) {
      const colours: [string, string] = [theme[front] ?? expect.fail(), theme['back'] ?? expect.fail()]
      expect(contrast(colours), front).toBeGreaterThanOrEqual(4.5)
    }
    expect(contrast([theme['text'] ?? '', theme['panel'] ?? ''])).toBeGreaterThanOrEqual(7)
  }
})

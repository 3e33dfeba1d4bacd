import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { memoryPages, validateXML } from 'xmllint-wasm'
import { classOfThree, gradesFor } from './class-of-three.ts'
import { dangersIn, hostileGrades, hugeGrades } from './hostile-grades.ts'
import { junitGrades } from './junit.ts'
import { textOf } from './open-formats.ts'

const schema = await readFile(new URL('junit.xsd', import.meta.url), 'utf8')

async function errorsIn(xml: string): Promise<string[]> {
  const { errors } = await validateXML({
    xml: [{ fileName: 'junit.xml', contents: xml }],
    schema: [schema],
    maxMemoryPages: memoryPages.GiB,
  })
  return errors.map(({ message }) => message)
}

test.each([
  ['a class', classOfThree],
  ['nothing', gradesFor([])],
  ['hostile grades', hostileGrades],
  ['texts of a megabyte', hugeGrades],
])('%s: the XML is valid', async (_, grades) => {
  const xml = await textOf(junitGrades, grades)
  expect(await errorsIn(xml)).toEqual([])
  expect(dangersIn(xml)).toEqual([])
})

test('the schema of the tests refuses what a reader would', async () => {
  const xml = await textOf(junitGrades, classOfThree)
  expect(await errorsIn(xml.replace('<failure', '<broken'))).not.toEqual([])
  expect(await errorsIn(xml.replace(/ tests="\d+"/, ''))).not.toEqual([])
  expect(await errorsIn(xml.replace('answers', '\u001b'))).not.toEqual([])
})

test('each submission is a suite, each test a case of learner, exercise and step', async () => {
  const xml = await textOf(junitGrades, classOfThree)
  expect(xml).toContain('<testsuites name="Backend" tests="11" failures="3" errors="1" time="2.100">')
  expect(xml).toContain('<testcase classname="ada.hello-http.health" name="answers" time="0.031"/>')
  expect(xml).toContain('<skipped message="needs greet"/>')
  expect(xml).toContain('<failure message="The solution does not build." type="build_failed">')
  expect(xml).toContain('<error message="Redis did not start." type="environment">')
  expect(xml).toContain(`type="assertion">the path carries percent-encoded UTF-8
asked     GET /hello/Zo%C3%AB
expected  200 {&quot;message&quot;:&quot;Hello, Zoë&quot;}`)
  expect(xml).toContain('<system-out>services  redis&gt; GET a → (nil)\nlog       listening</system-out>')
})

test('hostile words add no element', async () => {
  const xml = await textOf(junitGrades, hostileGrades)
  const names = new Set([...xml.matchAll(/<\/?([^\s/>]+)/g)].map(([, name]) => name))
  expect([...names].sort()).toEqual(
    [
      '?xml',
      'error',
      'failure',
      'properties',
      'property',
      'skipped',
      'system-out',
      'testcase',
      'testsuite',
      'testsuites',
    ].sort(),
  )
  const suites = xml.match(/<testsuite /g) ?? []
  expect(suites).toHaveLength(hostileGrades.submissions.length)
})

import { expect, test } from 'vitest'
import { gradesSchema } from '../../../grader/report/grades.ts'
import { classOfThree } from './class-of-three.ts'
import { dangersIn, hostileGrades, hugeGrades } from './hostile-grades.ts'
import { jsonGrades } from './json.ts'
import { textOf } from './open-formats.ts'

test.each([
  ['a class', classOfThree],
  ['hostile grades', hostileGrades],
  ['texts of a megabyte', hugeGrades],
])('%s come out as they went in, and fit the schema', async (_, grades) => {
  const text = await textOf(jsonGrades, grades)
  expect(gradesSchema.parse(JSON.parse(text))).toEqual(grades)
  expect(dangersIn(text)).toEqual([])
})

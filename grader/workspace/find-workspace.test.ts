import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseYaml } from '../exercise/read-yaml.ts'
import { createWorkspace } from './create-workspace.ts'
import { findWorkspace, folderInWorkspace } from './find-workspace.ts'
import { workspaceSchema } from './schema.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'learn-backend-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (text: string) => writeFileSync(join(folder, 'learn-backend.yaml'), text)

test('a workspace is found from any folder below it', async () => {
  write('version: 1\nlang: js\n')
  mkdirSync(join(folder, 'ping/src'), { recursive: true })
  expect(await findWorkspace(join(folder, 'ping/src'))).toEqual({ root: folder, lang: 'js' })
})

test('where none of the folders above has the file, there is no workspace', async () => {
  expect(await findWorkspace(folder)).toBeUndefined()
})

test('the course is a folder relative to the file', async () => {
  write("version: 1\nlang: ts\ncourse: '../other course'\n")
  expect(await findWorkspace(folder)).toEqual({ root: folder, lang: 'ts', course: join(folder, '../other course') })
})

test.each([
  'version: 1\nlang: ts\n',
  'version: 1\nlang: js\n',
  '# a comment\n\nversion: 1\nlang: ts\ncourse: "../course"\n',
])('the short way of reading agrees with the YAML parser: %j', async (text) => {
  write(text)
  const { value } = parseYaml('learn-backend.yaml', text, workspaceSchema)
  const { root, ...found } = (await findWorkspace(folder)) ?? {}
  expect(root).toBe(folder)
  expect(found).toEqual({ lang: value?.lang, ...(value?.course ? { course: join(folder, value.course) } : {}) })
})

test('what learn-backend writes itself is read back', async () => {
  const course = join(folder, 'my courses/tiny')
  const { workspace } = createWorkspace({ root: folder, lang: 'js', course })
  expect(workspace).toEqual({ root: folder, lang: 'js', course })
  expect(await findWorkspace(folder)).toEqual(workspace)
})

test.each([
  ['version: 2\nlang: ts\n', /learn-backend\.yaml:1:10 version/],
  ['version: 1\nlang: cobol\n', /learn-backend\.yaml:2:7 lang/],
  ['version: 1\nlang: ts\nlangs: js\n', /learn-backend\.yaml:3:1 unknown key "langs"\. Did you mean "lang"\?/],
  ['version: 1\n lang: ts\n', /learn-backend\.yaml:\d+:\d+ /],
  ['', /learn-backend\.yaml/],
  ['version: 1\nlang: ts\ncourse: ""\n', /learn-backend\.yaml:3:9 course: must not be empty/],
])('a mistake is named with its place: %j', async (text, message) => {
  write(text)
  await expect(findWorkspace(folder)).rejects.toMatchObject({
    code: 'invalid_workspace',
    message: expect.stringMatching(message),
  })
})

test('the first folder below the workspace tells the exercise', () => {
  const workspace = { root: folder, lang: 'ts' as const }
  expect(folderInWorkspace(workspace, join(folder, 'ping/src/deep'))).toBe('ping')
  expect(folderInWorkspace(workspace, folder)).toBeUndefined()
  expect(folderInWorkspace(workspace, tmpdir())).toBeUndefined()
})

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFile } from './create-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'learn-backend-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a new file comes with the folders above it and its permissions, and leaves no draft behind', () => {
  const path = join(folder, 'a/b/run.sh')
  expect(createFile({ path, content: 'x', mode: 0o755 })).toBe('created')
  expect(readFileSync(path, 'utf8')).toBe('x')
  expect(statSync(path).mode & 0o700).toBe(0o700)
  expect(readdirSync(join(folder, 'a/b'))).toEqual(['run.sh'])
})

test('what exists is never touched, and is told to be the same or different', () => {
  const path = join(folder, 'file')
  writeFileSync(path, 'mine')
  expect(createFile({ path, content: 'mine' })).toBe('same')
  expect(createFile({ path, content: 'yours' })).toBe('different')
  expect(readFileSync(path, 'utf8')).toBe('mine')
})

test('a folder or a dangling link of that name is left alone as well', () => {
  mkdirSync(join(folder, 'taken'))
  symlinkSync('nowhere', join(folder, 'link'))
  expect(createFile({ path: join(folder, 'taken'), content: 'x' })).toBe('different')
  expect(createFile({ path: join(folder, 'link'), content: 'x' })).toBe('different')
  expect(readdirSync(folder).sort()).toEqual(['link', 'taken'])
})

test('where a folder should be and a file is, the error says so', () => {
  writeFileSync(join(folder, 'a'), '')
  expect(() => createFile({ path: join(folder, 'a/b'), content: 'x' })).toThrow(
    expect.objectContaining({ code: 'not_writable', message: expect.stringContaining('is a file, not a folder') }),
  )
})

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { copyPatched } from './apply-patch.ts'

let place: string

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'patch-'))
  await mkdir(join(place, 'reference'))
  await writeFile(join(place, 'reference/main.ts'), 'one\ntwo\nthree\n')
})
afterEach(() => rm(place, { recursive: true, force: true }))

async function apply(patch: string): Promise<string[]> {
  await writeFile(join(place, 'bug.patch'), patch)
  return copyPatched(join(place, 'reference'), join(place, 'bug.patch'), join(place, 'copy'))
}

test('a patch changes, adds and removes files of the copy only', async () => {
  const patch = `--- a/main.ts
+++ b/main.ts
@@ -1,3 +1,3 @@
 one
-two
+2
 three
--- /dev/null
+++ b/lib/new.ts
@@ -0,0 +1,1 @@
+new
`
  expect(await apply(patch)).toEqual([])
  expect(await readFile(join(place, 'copy/main.ts'), 'utf8')).toBe('one\n2\nthree\n')
  expect(await readFile(join(place, 'copy/lib/new.ts'), 'utf8')).toBe('new\n')
  expect(await readFile(join(place, 'reference/main.ts'), 'utf8')).toBe('one\ntwo\nthree\n')
})

test('what does not fit is said', async () => {
  expect(await apply('--- a/main.ts\n+++ b/main.ts\n@@ -1,2 +1,2 @@\n one\n-zwei\n+2\n')).toEqual([
    expect.stringMatching(/does not fit main\.ts/),
  ])
  expect(await apply('--- a/other.ts\n+++ b/other.ts\n@@ -1,1 +1,1 @@\n-one\n+1\n')).toEqual([
    expect.stringMatching(/other\.ts, which is not in the reference/),
  ])
  expect(await apply('no diff at all')).toEqual(['It changes nothing.'])
})

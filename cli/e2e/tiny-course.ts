import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { cli, packageRoot } from './run-cli.ts'

/** A course of two small exercises, `ping` (a server) and `echo` (a command line program). */
export const tinyCourse: string = join(packageRoot, 'fixtures/courses/tiny')

const folders: Record<string, string> = { ping: '01-basics/ping', echo: '02-tools/echo' }

/** A folder of a tiny exercise, e.g. `reference/ts`. */
export function tinyExercise(id: 'ping' | 'echo', ...path: string[]): string {
  return join(tinyCourse, folders[id] as string, ...path)
}

/** An empty folder that is gone after the test. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'learn-backend-e2e-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A workspace on the tiny course, with its first exercise placed. */
export async function tinyWorkspace(...options: string[]): Promise<string> {
  const folder = emptyFolder()
  const { exitCode, stderr } = await cli(['next', '--course', tinyCourse, ...options], { cwd: folder })
  if (exitCode !== 0) throw new Error(stderr)
  return folder
}

/** Puts the reference solution in the place of the learner's. */
export function solve(workspace: string, id: 'ping' | 'echo', lang: 'ts' | 'js' = 'ts'): void {
  copyFileSync(tinyExercise(id, 'reference', lang, `main.${lang}`), join(workspace, id, `main.${lang}`))
}

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sourceFiles } from './source-files.ts'
import type { Machine, Toolchain } from './toolchain.ts'

/** Go is built by its own compiler; what was built is kept, and found again by what the files say. */
export const go: Toolchain = {
  id: 'go',
  name: 'Go',
  extensions: ['go'],
  mainFiles: ['main.go'],
  findMain,
  packages: { apt: 'golang-go', brew: 'go', dnf: 'golang', apk: 'go', pacman: 'go' },
  async version(machine) {
    const { shortVersion } = await import('./find-tool.ts')
    return `go ${shortVersion((await findGo(machine)).version)}`
  },
  async build(request) {
    const { buildGo } = await import('./build-go.ts')
    return { file: await buildGo(request, await findGo(request)), args: [] }
  },
  explanations: [
    [
      /^panic: runtime error: invalid memory address or nil pointer dereference/m,
      () =>
        'Something was used that is nil: a map or pointer that nobody made, or a value that came together with an error.',
    ],
    [
      /^fatal error: all goroutines are asleep - deadlock!/m,
      () => 'Everybody waits for somebody else: look at channels and locks.',
    ],
    [
      /^fatal error: concurrent map (?:read and map write|writes|iteration and map write)/m,
      () => 'Several goroutines use one map at a time: guard it with a sync.Mutex.',
    ],
  ],
}

export async function findGo(machine: Machine): Promise<{ file: string; version: string }> {
  const { findTool } = await import('./find-tool.ts')
  return findTool(
    {
      programs: ['go'],
      places: ['/usr/local/go/bin'],
      args: ['version'],
      pattern: /go version go(\d+\.\d+(?:\.\d+)?)/,
      needed: '1.19',
      toolchain: go,
    },
    machine,
  )
}

/** The file of the module with the function main, wherever it lies; below `cmd` first. */
function findMain(folder: string): string | undefined {
  if (!existsSync(join(folder, 'go.mod'))) return undefined
  const programs = sourceFiles(folder, '.go')
    .filter((path) => !path.endsWith('_test.go'))
    .filter((path) => /^package main$[^]*^func main\(\)/m.test(readFileSync(join(folder, path), 'utf8')))
  return programs.find((path) => path.startsWith('cmd/')) ?? programs[0]
}

/** The folder of a main file as Go's tools want it. */
export function packageOf(main: string): string {
  return dirname(main) === '.' ? '.' : `./${dirname(main)}`
}

import type { Session } from '../session.ts'

/** What a command's module gives. */
export interface CommandModule {
  /** @returns the exit code */
  run(parameters: (string | undefined)[], options: Record<string, unknown>, session: Session): Promise<number>
}

/** A command as the command line knows it; its code is loaded only when it is called. */
interface LeafSpec {
  summary: string
  details?: string
  /** As commander writes them: `<needed>`, `[optional]`. */
  arguments?: string[]
  /** Flags, description, and the allowed values where there is a choice. */
  options: [flags: string, description: string, values?: string[]][]
  load(): Promise<CommandModule>
}

/** A command that only has commands below it. */
interface GroupSpec {
  summary: string
  details?: string
  arguments?: never
  commands: Record<string, CommandSpec>
}

export type CommandSpec = LeafSpec | GroupSpec

const json: [string, string] = ['--json', 'print the result as JSON']
const course: [string, string] = ['--course <folder>', 'a course other than the built-in one']

/** Every command. A new one is a file beside this one, and an entry here. */
export const commandGroups = {
  verify: {
    summary: 'grade your solution with the hidden tests',
    arguments: ['[exercise]'],
    options: [
      ['--step <id>', 'only this step'],
      ['--seed <seed>', 'the random inputs of an earlier run'],
      ['--keep-going', 'also run steps of which a needed one failed, and show every failed test'],
      ['--solution <folder>', 'grade this folder instead of the workspace'],
      course,
      json,
    ],
    load: () => import('./verify.ts'),
  },
  author: {
    summary: 'for authors: write and check exercises',
    commands: {
      check: {
        summary: 'prove that hidden tests are good',
        details:
          'The reference passes, every starter fails, each wrong solution fails where and why it should, repeats do not flake, stock Vitest agrees.',
        arguments: ['[exercise]'],
        options: [
          ['--repeat <n>', 'grade the reference n times, each with another seed (default: 1)'],
          ['--jobs <n>', 'gradings at once (default: one per processor)'],
          course,
          json,
        ],
        load: () => import('./author-check.ts'),
      },
    },
  },
} satisfies Record<string, CommandSpec>

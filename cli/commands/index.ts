import type { Session } from '../session.ts'
import { signingOptions } from '../signing-options.ts'

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
  /** How the usage shows the words after `--`, where they belong to the learner's program. */
  passesOn?: string
  /** Flags, description, and the allowed values where there is a choice. */
  options: [flags: string, description: string, values?: string[]][]
  /** Meant when its group is called without a command. */
  usual?: true
  load(): Promise<CommandModule>
}

/** A command that only has commands below it. */
interface GroupSpec {
  summary: string
  details?: string
  arguments?: never
  usual?: never
  commands: Record<string, CommandSpec>
}

export type CommandSpec = LeafSpec | GroupSpec

const lang: [string, string] = [
  '--lang <language>',
  'the language to write in (default: the one of the workspace, else ts)',
]
const json: [string, string] = ['--json', 'print the result as JSON']
const course: [string, string] = ['--course <folder>', 'a course other than the built-in one']

const services: [string, string, string[]] = [
  '--services <driver>',
  'how services are started: auto, docker, native or embedded (default: auto)',
  ['auto', 'docker', 'native', 'embedded'],
]
const image: [string, string] = ['--image <service=image...>', 'container images to use instead of the usual ones']

/** Every command. A new one is a file beside this one, and an entry here. */
export const commands = {
  next: {
    summary: 'show the exercise you are at, or start the next one',
    details:
      'In an empty folder it makes a workspace and places the first exercise: its spec and starter code. Later it shows where you stand, and places the next exercise once the present one is passed. It only adds files, and never changes one of yours. With a name it goes to that exercise.',
    arguments: ['[exercise]'],
    options: [lang, ['-y, --yes', 'make the workspace here, although the folder is not empty'], course, json],
    load: () => import('./next.ts'),
  },
  verify: {
    summary: 'grade your solution with the hidden tests',
    details:
      'Builds and starts your program, talks to it, and says what was asked, what came back and what to read. Without a name it takes the exercise of the current folder, else the one you are at.',
    arguments: ['[exercise]'],
    options: [
      ['--step <id>', 'only this step'],
      ['--seed <seed>', 'the random inputs of an earlier run'],
      ['--keep-going', 'also run steps of which a needed one failed, and show every failed test'],
      ['--solution <folder>', 'grade this folder instead of the workspace'],
      services,
      image,
      course,
      json,
    ],
    load: () => import('./verify.ts'),
  },
  hint: {
    summary: 'get the next hint on the first failing step',
    details: 'The gentlest one first; each call goes one further.',
    arguments: ['[exercise]'],
    options: [['--step <id>', 'on this step'], course, json],
    load: () => import('./hint.ts'),
  },
  spec: {
    summary: 'read what an exercise asks for',
    arguments: ['[exercise]'],
    options: [course],
    load: () => import('./spec.ts'),
  },
  run: {
    summary: 'start your program, to try it by hand',
    details:
      'A server gets PORT and a DATA_DIR that is kept from run to run, and runs until Ctrl-C; then the replay lines of verify reach it. A command line program gets the words after "--" and the standard input. The exit code is your program\'s.',
    arguments: ['[exercise]'],
    passesOn: '[-- words...]',
    options: [['--port <number>', 'for a server (default: 4000)'], services, image, course],
    load: () => import('./run.ts'),
  },
  list: {
    summary: 'list topics and exercises, and how far you are',
    options: [['--topic <topic>', 'only this topic'], course, json],
    load: () => import('./list.ts'),
  },
  status: {
    summary: 'show your progress by topic, and what to type next',
    options: [course, json],
    load: () => import('./status.ts'),
  },
  reset: {
    summary: 'start an exercise again; your work is moved to a backup',
    arguments: ['[exercise]'],
    options: [lang, ['-y, --yes', 'do not ask'], course, json],
    load: () => import('./reset.ts'),
  },
  solution: {
    summary: 'see the reference solution of an exercise that you passed',
    arguments: ['[exercise]'],
    options: [['--spoil', 'see it before'], course, json],
    load: () => import('./solution.ts'),
  },
  doctor: {
    summary: 'check this machine, the workspace and the course',
    details:
      'Exit codes: 0 nothing is in the way (notes do not count), 3 the machine lacks something, 2 a file is invalid.',
    options: [course, json],
    load: () => import('./doctor.ts'),
  },
  services: {
    summary: 'real servers that exercises need: what there is, what is up',
    commands: {
      list: {
        summary: 'list services, the drivers that can start them, and what is up',
        usual: true,
        options: [services, image, json],
        load: () => import('./services-list.ts'),
      },
      up: {
        summary: 'start services to work with, until "services down"',
        details: 'Prints the variables that a program needs to reach them. Gradings use servers of their own.',
        arguments: ['<service...>'],
        options: [services, image, json],
        load: () => import('./services-up.ts'),
      },
      down: {
        summary: 'stop services that are up; all of them without a name',
        arguments: ['[service...]'],
        options: [json],
        load: () => import('./services-down.ts'),
      },
      logs: {
        summary: 'print the last lines of log of a service that is up',
        arguments: ['<service>'],
        options: [],
        load: () => import('./services-logs.ts'),
      },
      prune: {
        summary: 'remove what a crashed machine left: containers, folders, servers',
        options: [services, json],
        load: () => import('./services-prune.ts'),
      },
    },
  },
  grade: {
    summary: 'for instructors: grade code that is not yours, isolated',
    details:
      'Grades every solution of a workspace, or of every workspace in a folder (a class), each in a place of its own: without a network, without your files, with limits. Spec, tests and settings come from the course, never from what was handed in. Exit code 0: all points, or as many as --fail-under asks for.',
    arguments: ['[folder]', '[exercise...]'],
    options: [
      ['--as <exercise>', 'every subfolder is a bare solution of this exercise'],
      ['--changed-since <revision>', 'only solutions that the checked out branch has changed since then'],
      ['--fail-under <percent>', 'how much of all points is enough (default: 100)'],
      ['--jobs <n>', 'gradings at once (default: one per processor)'],
      ['--seed <seed>', 'the same random inputs for all (default: others for each)'],
      [
        '--format <name[=file]...>',
        'terminal, json, junit, markdown, html, github or gitlab; may be given several times',
      ],
      [
        '--isolation <how>',
        'auto, docker, bubblewrap or none (default: auto, the strongest that works here)',
        ['auto', 'docker', 'bubblewrap', 'none'],
      ],
      ['--isolation-image <image>', "the image of Docker's pods: it needs node, setpriv and prlimit"],
      ...signingOptions,
      services,
      image,
      course,
    ],
    load: () => import('./grade.ts'),
  },
  report: {
    summary: 'for instructors: show, sign and verify the results of grade',
    commands: {
      show: {
        summary: 'write stored grades in other formats',
        arguments: ['<file>'],
        options: [
          [
            '--format <name[=file]...>',
            'terminal, json, junit, markdown, html, github or gitlab; may be given several times',
          ],
          ['--key <file>', 'refuse what was not signed with the private part of this public key'],
        ],
        load: () => import('./report-show.ts'),
      },
      verify: {
        summary: 'say whether stored grades are what was signed',
        arguments: ['<file>'],
        options: [['--key <file>', 'the public key'], json],
        load: () => import('./report-verify.ts'),
      },
      keygen: {
        summary: 'make a pair of keys: the private one for a secret of your CI',
        options: [json],
        load: () => import('./report-keygen.ts'),
      },
    },
  },
  ci: {
    summary: 'for instructors: let your CI grade forks',
    commands: {
      init: {
        summary: 'write the pipeline into your repository: github, gitlab or jenkins',
        arguments: ['<platform>'],
        options: [
          ['--print', 'to standard output instead of files'],
          ['--course <folder>', 'a course in this repository instead of the built-in one'],
          ['--fail-under <percent>', 'the percentage of the points from which on a submission passes (default: 100)'],
          ['--isolation <name>', 'how solutions are confined (default: auto)', ['auto', 'docker', 'bubblewrap']],
          json,
        ],
        load: () => import('./ci-init.ts'),
      },
    },
  },
  author: {
    summary: 'for authors: write and check exercises',
    commands: {
      new: {
        summary: 'write a small exercise that works, to start from',
        arguments: ['<topic/id>'],
        options: [course, json],
        load: () => import('./author-new.ts'),
      },
      check: {
        summary: 'prove that hidden tests are good',
        details:
          'The reference passes, every starter fails, each wrong solution fails where and why it should, repeats do not flake, stock Vitest agrees.',
        arguments: ['[exercise]'],
        options: [
          ['--repeat <n>', 'grade the references n times, each with another seed (default: 1)'],
          ['--lang <language...>', 'only references and starters in this language, beside the main one (default: all)'],
          ['--jobs <n>', 'gradings at once (default: one per processor)'],
          services,
          image,
          course,
          json,
        ],
        load: () => import('./author-check.ts'),
      },
    },
  },
} satisfies Record<string, CommandSpec>

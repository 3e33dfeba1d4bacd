import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { emptyFolder } from './tiny-course.ts'
import { program } from './run-cli.ts'

/** A call of a program that the machine of a platform has and this one need not have. */
interface Call {
  name: string
  args: string[]
  cwd: string
  env: Record<string, string>
}

/** A machine of a CI platform: its folders and variables, and stand-ins for its package manager, sudo and registry. */
export interface Platform {
  /** What belongs to this machine; gone after the test. */
  root: string
  /** Where the job runs. */
  workspace: string
  /** The runner's folder for temporary files. */
  temp: string
  /** The variables of every step. */
  env: Record<string, string>
  /** Calls of the stand-ins so far. */
  calls(name: string): Call[]
  /** Adds or replaces a stand-in. @param script of Node.js; `call` is the {@link Call} */
  standIn(name: string, script: string): void
  /** Runs a script as the platform's runner does. */
  run(script: string, options?: { env?: Record<string, string>; cwd?: string }): Promise<Ended>
}

export interface Ended {
  exitCode: number | undefined
  output: string
}

// npm stands for the registry: what it "installs" is the built program, but `grade` only says how it was called.
const npm = `
const prefix = call.args[call.args.indexOf('--prefix') + 1]
const folder = path.join(prefix, 'node_modules/.bin')
fs.mkdirSync(folder, { recursive: true })
fs.copyFileSync(path.join(root, 'bin/learn-backend'), path.join(folder, 'learn-backend'))`

const learnBackend = `
const own = [${JSON.stringify(program)}, ...call.args]
const results = call.args.filter((word) => /^(--format=)?(json|html|junit|gitlab)=/.test(word))
if (call.args[0] !== 'grade') process.exit(childProcess.spawnSync(process.execPath, own, { stdio: 'inherit' }).status)
for (const word of results) {
  const target = word.slice(word.lastIndexOf('=') + 1)
  if (word.includes('gitlab=')) fs.writeFileSync(path.join(target, 'junit.xml'), '<testsuites/>')
  else fs.writeFileSync(target, 'of ' + word)
}
const status = path.join(root, 'grade-exits-with')
process.exit(fs.existsSync(status) ? Number(fs.readFileSync(status, 'utf8')) : 0)`

// Passes on what it is told to, and nothing else.
const sudo = `
const kept = (call.args.find((word) => word.startsWith('--preserve-env='))?.slice(15) ?? '').split(',')
const rest = call.args.filter((word) => !word.startsWith('--preserve-env='))
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.includes(name)))
// Its own search path; env finds the rest of the words in the one that it was given.
env.PATH = path.join(root, 'bin') + ':/usr/sbin:/usr/bin:/sbin:/bin'
process.exit(childProcess.spawnSync(rest[0], rest.slice(1), { stdio: 'inherit', env }).status)`

export function platform(): Platform {
  const root = emptyFolder()
  const [workspace, temp, bin] = ['work/repo', 'work/_temp', 'bin'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ]
  for (const folder of [workspace, temp, bin]) mkdirSync(folder, { recursive: true })
  const log = join(root, 'calls.jsonl')
  const standIn = (name: string, script: string) => {
    const file = join(bin, name)
    const start = `#!${process.execPath}
const [fs, path, childProcess] = ['fs', 'path', 'child_process'].map((name) => require('node:' + name))
const root = ${JSON.stringify(root)}
const call = { name: ${JSON.stringify(name)}, args: process.argv.slice(2), cwd: process.cwd(), env: { ...process.env } }
fs.appendFileSync(${JSON.stringify(log)}, JSON.stringify(call) + '\\n')
`
    writeFileSync(file, start + script)
    chmodSync(file, 0o755)
  }
  standIn('npm', npm)
  standIn('learn-backend', learnBackend)
  standIn('sudo', sudo)
  for (const name of ['apt-get', 'sysctl']) standIn(name, '')
  const env = {
    PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`,
    HOME: join(root, 'home'),
    LANG: 'C.UTF-8',
    CI: 'true',
    A_SECRET: 'canary',
  }
  return {
    root,
    workspace,
    temp,
    env,
    standIn,
    calls: (name) =>
      (existsSync(log) ? readFileSync(log, 'utf8') : '')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Call)
        .filter((call) => call.name === name),
    async run(script, options = {}) {
      const file = join(temp, 'step.sh')
      writeFileSync(file, script)
      const { exitCode, all } = await execa('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', file], {
        cwd: options.cwd ?? workspace,
        env: { ...env, ...options.env },
        extendEnv: false,
        stdin: 'ignore',
        all: true,
        reject: false,
        timeout: 60_000,
      })
      return { exitCode, output: all ?? '' }
    },
  }
}

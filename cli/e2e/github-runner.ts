import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ended, type Platform, platform } from './ci-platform.ts'

/** A step of a workflow, or of a composite action. */
export interface Step {
  name: string
  id?: string
  if?: string
  run?: string
  env?: Record<string, string>
}

/** What expressions know: `github.token`, `inputs.folder`. */
export type Context = Record<string, string>

export interface GithubRun {
  machine: Platform
  /** How each step ended that ran a script, by its name; absent: its condition was false. */
  ended: Record<string, Ended>
}

/** The files of GitHub that steps write to. */
export function githubMachine(): Platform {
  const machine = platform()
  const files = { GITHUB_OUTPUT: 'output', GITHUB_STEP_SUMMARY: 'summary' }
  for (const [name, file] of Object.entries(files)) {
    machine.env[name] = join(machine.root, file)
    writeFileSync(join(machine.root, file), '')
  }
  Object.assign(machine.env, {
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: machine.workspace,
    RUNNER_TEMP: machine.temp,
  })
  return machine
}

/** Runs the scripts of steps, one after the other, as the runner does; actions are not run. */
export async function runSteps(
  machine: Platform,
  steps: Step[],
  { context, env = {} }: { context: Context; env?: Record<string, string> },
): Promise<GithubRun> {
  const ended: GithubRun['ended'] = {}
  const known: Context = { ...context }
  for (const step of steps) {
    if (step.run === undefined || (step.if !== undefined && !isTrue(step.if, known))) continue
    const variables = Object.entries({ ...env, ...step.env }).map(([name, value]) => [name, fill(value, known)])
    writeFileSync(machine.env['GITHUB_OUTPUT'] ?? '', '')
    ended[step.name] = await machine.run(step.run, { env: Object.fromEntries(variables) as Record<string, string> })
    for (const line of readFileSync(machine.env['GITHUB_OUTPUT'] ?? '', 'utf8').split('\n')) {
      const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? []
      if (step.id && name) known[`steps.${step.id}.outputs.${name}`] = value ?? ''
    }
  }
  return { machine, ended }
}

/** As much of GitHub's expressions as the workflows use; what is unknown is the empty string there, too. */
function fill(text: string, context: Context): string {
  return text.replaceAll(/\$\{\{ ([\w.-]+) \}\}/g, (_, name: string) => context[name] ?? '')
}

function isTrue(condition: string, context: Context): boolean {
  const [, name = '', operator, value] = /^\$\{\{ ([\w.-]+) (==|!=) '([^']*)' \}\}$/.exec(condition) ?? []
  if (operator === undefined) throw new Error(`The condition ${condition} is not understood here.`)
  return ((context[name] ?? '') === value) === (operator === '==')
}

import { homedir } from 'node:os'
import { join } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { ownPackage } from '../grader/package-root.ts'
import { UserError } from '../grader/user-error.ts'
import type { Io, Session } from './session.ts'
import { type CommandModule, type CommandSpec, commands } from './commands/index.ts'
import { createTerminal } from './terminal.ts'

/** Runs one command line. @param words without `node` and the program's name */
export async function runCli(words: string[], io: Io): Promise<number> {
  let exitCode: number = 0
  const { own, passedOn } = splitWords(words)
  const session = (options: Record<string, unknown>): Session => ({
    ...io,
    passedOn,
    cache: { folder: join(io.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'learn-backend') },
    terminal: createTerminal(io, { colour: options['color'] !== false && !options['json'] }),
  })
  const program = new Command('learn-backend')
    .description('Real backend exercises, graded against your own running program.')
    .version(ownPackage().version, '-V, --version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: (text) => void io.stdout.write(text), writeErr: (text) => void io.stderr.write(text) })
    .addHelpText(
      'after',
      '\nStart with:  npx learn-backend next\nExit codes:  0 passed, 1 failed, 2 wrong usage, 3 something is missing here, 70 a bug of ours',
    )
  const asked = own.filter((word) => !word.startsWith('-'))
  addCommands(program, commands, asked, async (load, parameters, options) => {
    exitCode = await (await load()).run(parameters, options, session(options))
  })
  try {
    if (words.length === 0) {
      program.outputHelp()
      return 0
    }
    await program.parseAsync(own, { from: 'user' })
    return exitCode
  } catch (error) {
    return await report(error, io)
  }
}

/** What stands after `--` belongs to the learner's program, if the command starts one. */
function splitWords(words: string[]): { own: string[]; passedOn: string[] } {
  const spec = Object.entries<CommandSpec>(commands).find(([name]) => name === words[0])?.[1]
  const dashes = words.indexOf('--')
  if (dashes === -1 || !spec || !('passesOn' in spec)) return { own: words, passedOn: [] }
  return { own: words.slice(0, dashes), passedOn: words.slice(dashes + 1) }
}

type Act = (
  load: () => Promise<CommandModule>,
  parameters: (string | undefined)[],
  options: Record<string, unknown>,
) => Promise<void>

/** @param asked the words that may name commands: of all others no more than their place in the help is made */
function addCommands(parent: Command, specs: Record<string, CommandSpec>, asked: string[], act: Act): void {
  const usual = Object.keys(specs).find((name) => specs[name]?.usual)
  const wanted = asked[0] !== undefined && asked[0] in specs ? asked[0] : usual
  for (const [name, spec] of Object.entries(specs)) {
    const command = parent
      .command([name, ...(spec.arguments ?? [])].join(' '), { isDefault: spec.usual === true })
      .summary(spec.summary)
      .helpOption('-h, --help', 'show help')
    if (name !== wanted) continue
    command
      .description([spec.summary, spec.details].filter(Boolean).join('\n\n'))
      .version(ownPackage().version, '-V, --version', 'show the version')
    if ('commands' in spec) {
      addCommands(command, spec.commands, asked.slice(1), act)
      continue
    }
    if (spec.passesOn) command.usage(`[options] ${spec.arguments?.join(' ')} ${spec.passesOn}`)
    for (const [flags, description, values] of spec.options) {
      // `<value...>` is an option that may be given several times; commander would take all words that follow it.
      const repeated = flags.endsWith('...>')
      const option = new Option(repeated ? flags.replace('...>', '>') : flags, description)
      if (repeated) option.argParser((value, earlier: string[] | undefined) => [...(earlier ?? []), value])
      command.addOption(values ? option.choices(values) : option)
    }
    command.addOption(new Option('--no-color', 'no colours'))
    const { load } = spec
    command.action(async (...received: unknown[]) => {
      const parameters = received.slice(0, -2) as (string | undefined)[]
      await act(load, parameters, command.opts())
    })
  }
}

async function report(error: unknown, io: Io): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (io.signal.aborted) {
    io.stderr.write('\nStopped; everything that was started is stopped too.\n')
    return 130
  }
  if (error instanceof UserError) {
    // A message may name files of somebody else: no line of it shall be an order to whatever shows our log.
    const { withoutCommands } = await import('./reporters/grades/plain-text.ts')
    io.stderr.write(withoutCommands(`${error.message}\n${error.remedy ? `${error.remedy}\n` : ''}`))
    return error.code === 'environment' ? 3 : 2
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  io.stderr.write(
    `${stack}\n\nThis is a bug in learn-backend ${ownPackage().version}. Please report it with the lines above.\n`,
  )
  return 70
}

/** A command as the operating system gets it. */
export interface Command {
  file: string
  args: string[]
  /** Working directory. */
  cwd: string
  /** The whole environment: nothing is inherited. */
  env: Record<string, string>
  /** Whom it runs as, when it is not ourselves: a server that refuses to be root. */
  user?: { uid: number; gid: number }
}

/** How a solution is confined. */
export interface Isolation {
  id: string
  /** One line for reports and `doctor`. */
  description: string
  /** The command that runs `command` inside the confinement. */
  confine(command: Command): Command
}

/** Every isolation, by the name that `--isolation` takes. */
export const isolations = {
  none: {
    id: 'none',
    description: 'The solution runs as you do, with your rights: for your own code on your own machine.',
    confine: (command) => command,
  },
} satisfies Record<string, Isolation>

export type IsolationId = keyof typeof isolations

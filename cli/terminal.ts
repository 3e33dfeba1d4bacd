import kleur from 'kleur'

type Colour = (text: string) => string

/** How text is written: the colours (which do nothing in a pipe), the width, and whether anybody watches. */
export interface Terminal {
  /** Standard output is a terminal: a spinner makes sense. */
  interactive: boolean
  /** Columns; 80 in a pipe. */
  width: number
  green: Colour
  red: Colour
  yellow: Colour
  cyan: Colour
  dim: Colour
  bold: Colour
}

/** See https://no-color.org for NO_COLOR. */
export function createTerminal(
  { stdout, env }: { stdout: NodeJS.WriteStream; env: Record<string, string | undefined> },
  { colour }: { colour: boolean },
): Terminal {
  const interactive = stdout.isTTY && env['TERM'] !== 'dumb'
  const forced = Boolean(env['FORCE_COLOR']) && env['FORCE_COLOR'] !== '0'
  kleur.enabled = colour && !env['NO_COLOR'] && (interactive || forced)
  const { green, red, yellow, cyan, dim, bold } = kleur
  return { interactive, width: stdout.columns || 80, green, red, yellow, cyan, dim, bold }
}

/** The words of a command line, none of which holds a space. */
export function flags(text: string): string[] {
  return text.split(' ')
}

// What a program may see of the machine. An allow-list: a learner's tokens and a CI's secrets stay out.
const passedOn = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TMPDIR',
  'JAVA_HOME',
  'GOPATH',
  'GOCACHE',
  'GOROOT',
  'XDG_CACHE_HOME',
  'SYSTEMROOT',
]

/** The environment of a solution: what every program needs of `host`, then `own`. */
export function solutionEnvironment(
  host: Record<string, string | undefined>,
  own: Record<string, string>,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const name of passedOn) {
    const value = host[name]
    if (value !== undefined) environment[name] = value
  }
  // Without a locale, several languages take everything beyond ASCII for a mistake.
  const hasLocale = ['LC_ALL', 'LC_CTYPE', 'LANG'].some((name) => environment[name])
  return { ...(hasLocale ? {} : { LANG: 'C.UTF-8' }), ...environment, ...own }
}

/** All variables of `host`, for what a person would run by hand: a compiler that may have to ask a proxy for packages. */
export function wholeEnvironment(host: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(host).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

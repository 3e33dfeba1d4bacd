import { expect } from 'vitest'
import { type App, type Random, sleep } from 'learn-backend/kit'

/** The metrics that the exercise asks for; all others are the solution's own affair. */
export const OURS = ['app_info', 'http_requests_total', 'http_request_duration_seconds', 'http_requests_in_flight']

export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
  /** Name and labels, in one spelling. */
  series: string
}

export interface Exposition {
  text: string
  samples: Sample[]
  types: Map<string, string>
  helps: Set<string>
}

type Where = Record<string, string | RegExp>

/** Reads the text format 0.0.4. What Prometheus thinks of its finer points, Prometheus is asked. */
export function parse(text: string): Exposition {
  const types = new Map<string, string>()
  const helps = new Set<string>()
  const samples: Sample[] = []
  for (const line of text.split('\n')) {
    const [, kind, name = '', rest = ''] = /^#\s+(HELP|TYPE)\s+(\S+)\s*(.*)$/.exec(line) ?? []
    if (kind === 'TYPE') types.set(name, rest.trim())
    if (kind === 'HELP' && rest !== '') helps.add(name)
    if (line.startsWith('#') || line.trim() === '') continue
    samples.push(readSample(line))
  }
  return { text, samples, types, helps }
}

function readSample(line: string): Sample {
  const [, name = '', inBraces, value] = /^([\w:]+)\s*(?:\{((?:[^"}]|"(?:\\.|[^"\\])*")*)\})?\s+(\S+)/.exec(line) ?? []
  expect(value, `this line is no sample: ${line.slice(0, 200)}`).toBeDefined()
  const labels: Record<string, string> = {}
  for (const [, label = '', quoted = ''] of (inBraces ?? '').matchAll(/(\w+)\s*=\s*"((?:\\.|[^"\\])*)"/g)) {
    labels[label] = quoted.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character))
  }
  return { name, labels, value: toNumber(value ?? ''), series: seriesName(name, labels) }
}

/** `+Inf`, `-Inf` and `NaN` as Prometheus writes them. */
export function toNumber(text: string): number {
  return Number(text.replace(/^([+-]?)Inf$/i, '$1Infinity'))
}

export function seriesName(name: string, labels: Record<string, string>): string {
  const inBraces = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  return `${name}{${inBraces.toSorted().join(',')}}`
}

export async function scrape(app: App): Promise<Exposition> {
  const answer = await app.get('/metrics')
  expect(answer).toHaveStatus(200)
  return parse(answer.text)
}

/** The samples of one name with these labels. */
export function find({ samples }: Exposition, name: string, where: Where = {}): Sample[] {
  return samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(where).every(([label, wanted]) => {
        const value = sample.labels[label] ?? ''
        return typeof wanted === 'string' ? value === wanted : wanted.test(value)
      }),
  )
}

/** Their sum; 0 when there is none. */
export function total(exposition: Exposition, name: string, where: Where = {}): number {
  return find(exposition, name, where).reduce((sum, { value }) => sum + value, 0)
}

/** Scrapes until the condition holds; the last exposition when it never does. A request counts a little after its answer. */
export async function scrapeUntil(
  app: App,
  condition: (exposition: Exposition) => boolean,
  deadline = 2500,
): Promise<Exposition> {
  const end = performance.now() + deadline
  for (;;) {
    const exposition = await scrape(app)
    if (condition(exposition) || performance.now() > end) return exposition
    await sleep(20)
  }
}

/** Waits until so many requests have been counted since `before`, and a moment longer: one too many is seen as well. */
export async function counted(app: App, before: Exposition, requests: number): Promise<Exposition> {
  const goal = total(before, 'http_requests_total') + requests
  await scrapeUntil(app, (now) => total(now, 'http_requests_total') >= goal)
  await sleep(40)
  return scrape(app)
}

/** How much each series of `http_requests_total` has grown. */
export function growth(before: Exposition, after: Exposition): Record<string, number> {
  const old = new Map(find(before, 'http_requests_total').map(({ series, value }) => [series, value]))
  const grown = find(after, 'http_requests_total').map(({ series, value }) => [series, value - (old.get(series) ?? 0)])
  return Object.fromEntries(grown.filter(([, value]) => value !== 0))
}

/** Each series of `http_requests_total` has grown by so much, and no other has. */
export function expectGrowth(before: Exposition, after: Exposition, expected: Record<string, number>, why = ''): void {
  const grown = growth(before, after)
  const wrong = [...new Set([...Object.keys(expected), ...Object.keys(grown)])]
    .filter((series) => (grown[series] ?? 0) !== (expected[series] ?? 0))
    .map((series) => `${series} has grown by ${grown[series] ?? 0}, not by ${expected[series] ?? 0}`)
  expect(wrong, `what is wrong with the counts${why && ` ${why}`}`).toEqual([])
}

export function requestSeries(method: string, route: string, status: number): string {
  return seriesName('http_requests_total', { method, route, status: String(status) })
}

/** What nobody should call a version, and somebody will. */
export function oddVersion(random: Random): string {
  const odd = ['"', '\\', '\n', '\\n', '\\"', '{', '}', ',', '=', '#', ' ', random.unicode(), '🫖']
  return `v${random.shuffle(odd).join(random.word())}\\`
}

import { expect } from 'vitest'
import type { Fixtures, Run } from 'learn-backend/kit'

type Prometheus = Fixtures['prometheus']
export type AlertName = 'ShopErrors' | 'ShopSlow' | 'ShopDown'

export interface Series {
  name: string
  labels: Record<string, string>
  /** Every 15 seconds; undefined: not scraped. */
  values: (number | undefined)[]
}

export interface Check {
  /** Minutes since the beginning. */
  at: number
  /** How many alerts of this name fire. */
  firing: number
  /** Count only alerts with these labels. */
  labels?: Record<string, string>
  why: string
}

const STEPS_PER_MINUTE = 4

/** The values of a counter that grows by so much a minute: `10m at 600, 5m at 0`. */
export function counter(phases: string, start = 0): number[] {
  const values = [start]
  for (const { steps, number } of read(phases)) {
    for (let i = 0; i < steps; i++) values.push((values.at(-1) ?? 0) + (number ?? 0) / STEPS_PER_MINUTE)
  }
  return values
}

/** The values of a gauge: `10m at 1, 5m at -`, where `-` is no value. */
export function gauge(phases: string): (number | undefined)[] {
  return read(phases).flatMap(({ steps, number }) => Array<number | undefined>(steps).fill(number))
}

function read(phases: string): { steps: number; number: number | undefined }[] {
  return phases.split(', ').map((phase) => {
    const [minutes = '', number = ''] = phase.split('m at ')
    return { steps: Number(minutes) * STEPS_PER_MINUTE, number: number === '-' ? undefined : Number(number) }
  })
}

/** A process that starts anew so often: its counters begin again at 0. */
export function restarting(values: number[], everyMinutes: number): number[] {
  let base = 0
  return values.map((value, i) => {
    if (i % (everyMinutes * STEPS_PER_MINUTE) === 0) base = value
    return value - base
  })
}

/** A series of `http_requests_total`. */
export function requests(
  values: number[],
  { job = 'shop', instance = 'shop-1:3000', method = 'GET', route = '/orders', status = 200 } = {},
): Series {
  return { name: 'http_requests_total', labels: { job, instance, method, route, status: String(status) }, values }
}

const BOUNDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, Infinity]

/** The series of a histogram: for each duration in seconds, a counter of the requests that took so long. */
export function durations(
  bySeconds: Record<number, number[]>,
  { job = 'shop', instance = 'shop-1:3000', method = 'GET', route = '/orders' } = {},
): Series[] {
  const labels = { job, instance, method, route }
  const name = 'http_request_duration_seconds'
  const counters = Object.entries(bySeconds).map(([seconds, values]) => ({ seconds: Number(seconds), values }))
  const addUp = (weigh: (seconds: number) => number) =>
    (counters[0]?.values ?? []).map((_, i) =>
      counters.reduce((sum, { seconds, values }) => sum + weigh(seconds) * (values[i] ?? 0), 0),
    )
  return [
    ...BOUNDS.map((bound) => ({
      name: `${name}_bucket`,
      labels: { ...labels, le: bound === Infinity ? '+Inf' : String(bound) },
      values: addUp((seconds) => (seconds <= bound ? 1 : 0)),
    })),
    { name: `${name}_sum`, labels, values: addUp((seconds) => seconds) },
    { name: `${name}_count`, labels, values: addUp(() => 1) },
  ]
}

export function selector(name: string, labels: Record<string, string>): string {
  return `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
    .join(',')}}`
}

export interface Scenario {
  series: Series[]
  checks: Check[]
}

/** By the sentence that is to be proved. */
export type Scenarios = Record<string, () => Scenario[]>

/** Lets Prometheus evaluate the rules of the solution over the series of each scenario, in simulated time. */
export async function expectAlerts(prometheus: Prometheus, alertname: AlertName, scenarios: Scenario[]): Promise<void> {
  const run = await simulate(
    prometheus,
    scenarios.map(({ series, checks }) => ({
      series,
      expectations: checks.map((check) => expectation(alertname, check)),
    })),
  )
  if (run.exitCode === 0) return
  const sound = await prometheus.promtool(['check', 'rules', '--lint=none', 'alerts.yml'])
  expect(sound, `promtool check rules alerts.yml says: ${sound.stderr.trim()}`).toSucceed()

  // Which one was it? Only the message depends on it: the verdict is promtool's.
  for (const { series, checks } of scenarios) {
    for (const check of checks) {
      const alone = await simulate(prometheus, [{ series, expectations: [expectation(alertname, check)] }])
      if (alone.exitCode === 0) continue
      const all = { expr: selector('ALERTS', { alertname }), eval_time: seconds(check.at), exp_samples: [] }
      const seen = await simulate(prometheus, [{ series, expectations: [all] }])
      const alerts = /got:\s*(.*)/s
        .exec(seen.stdout + seen.stderr)?.[1]
        ?.trim()
        .slice(0, 600)
      const wanted = check.labels ? ` with ${selector('', check.labels)}` : ''
      const should = check.firing === 0 ? 'be silent' : `fire ${check.firing === 1 ? 'once' : 'twice'}${wanted}`
      const why = `After ${check.at} minutes ${alertname} should ${should}: ${check.why}. Alerts of this name there: ${alerts ?? 'none'}`
      expect(alone, why).toSucceed()
    }
  }
  expect(run).toSucceed()
}

interface Expectation {
  expr: string
  eval_time: string
  exp_samples: unknown[]
}

function expectation(alertname: AlertName, { at, firing, labels }: Check): Expectation {
  const expr = `count(${selector('ALERTS', { alertname, alertstate: 'firing', ...labels })}) or vector(0)`
  return { expr, eval_time: seconds(at), exp_samples: [{ labels: '{}', value: firing }] }
}

function seconds(minutes: number): string {
  return `${Math.round(minutes * 60)}s`
}

/** `promtool test rules` */
function simulate(
  prometheus: Prometheus,
  scenarios: { series: Series[]; expectations: Expectation[] }[],
): Promise<Run> {
  const tests = scenarios.map(({ series, expectations }) => ({
    interval: '15s',
    input_series: series.map(inputSeries),
    promql_expr_test: expectations,
  }))
  // JSON is YAML.
  const file = JSON.stringify({ rule_files: ['alerts.yml'], evaluation_interval: '15s', tests })
  return prometheus.promtool(['test', 'rules', 'test.yml'], { files: { 'test.yml': file } })
}

function inputSeries({ name, labels, values }: Series) {
  return { series: selector(name, labels), values: values.map((value) => value ?? '_').join(' ') }
}

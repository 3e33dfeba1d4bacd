import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ToolRun } from '../../services/server.ts'
import { freePort } from '../../solution/free-port.ts'
import { exchangeOf } from '../answer.ts'
import type { Run } from '../cli.ts'
import { context } from '../context.ts'
import type { Closers } from './service-handle.ts'
import { solutionFiles } from './solution-files.ts'
import { startForTest, testService } from './test-service.ts'

export interface PrometheusOptions {
  /** Ports of this machine to scrape. */
  targets: number[]
  /** Rule files of the solution's folder. */
  rules?: string[]
  /** Milliseconds between scrapes; default 200. */
  scrapeMs?: number
  /** Milliseconds between evaluations of rules; default 200. */
  evaluateMs?: number
  /** Default: /metrics. */
  metricsPath?: string
  /** The label `job` of the targets; default `app`. */
  job?: string
  /** It stays until the end of the run, instead of the test: Prometheus scrapes for the first time 5 s after its start. */
  lasting?: true
}

export interface RunningPrometheus {
  url: string
  /** An instant query. */
  query(promql: string): Promise<{ metric: Record<string, string>; value: number }[]>
  alerts(): Promise<
    {
      name: string
      state: 'pending' | 'firing'
      labels: Record<string, string>
      annotations: Record<string, string>
      value: number
    }[]
  >
  targets(): Promise<{ health: 'up' | 'down' | 'unknown'; lastError: string; url: string }[]>
  /** `data` of `/api/v1/rules`. */
  // eslint-disable-next-line typescript/no-explicit-any -- as Prometheus gives it
  rules(): Promise<any>
  /** Resolves when a scrape of every target that began after the call is in, be it a failed one. */
  scraped(): Promise<void>
  stop(): Promise<void>
}

export interface PrometheusService {
  readonly driver: 'docker' | 'native' | 'embedded'
  readonly version: string
  /** Starts a real Prometheus; it is stopped after the test. @throws SolutionFailure when it refuses a rule file */
  start(options: PrometheusOptions): Promise<RunningPrometheus>
  /** Runs Prometheus' own command line tool in a folder with the solution's files and those given. */
  promtool(args: string[], options?: { files?: Record<string, string>; stdin?: string }): Promise<Run>
}

interface ActiveTarget {
  health: 'up' | 'down' | 'unknown'
  lastError: string
  scrapeUrl: string
  lastScrape: string
  lastScrapeDuration: number
}

export function usePrometheus(closers: Closers): PrometheusService {
  const service = testService('prometheus')
  const { driver, version, definition } = service
  return {
    driver: driver.id,
    version,
    async start(options) {
      const port = await freePort()
      const server = await startForTest(service, {
        asked: 'start Prometheus with your rule files',
        files: { ...solutionFiles(), 'prometheus.yml': configuration(options, (target) => service.reach(target)) },
        ports: { main: port },
        closers: options.lasting ? (context().services?.closers ?? closers) : closers,
      })
      const active = async () =>
        ((await api(port, '/api/v1/targets')) as { activeTargets: ActiveTarget[] }).activeTargets
      return {
        url: `http://127.0.0.1:${port}`,
        async query(promql) {
          const data = (await api(port, `/api/v1/query?query=${encodeURIComponent(promql)}`)) as {
            result: { metric: Record<string, string>; value: [number, string] }[]
          }
          return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
        },
        async alerts() {
          const data = (await api(port, '/api/v1/alerts')) as {
            alerts: {
              state: 'pending' | 'firing'
              labels: Record<string, string>
              annotations: Record<string, string>
              value: string
            }[]
          }
          return data.alerts.map(({ labels, value, ...rest }) => ({
            ...rest,
            labels,
            name: labels['alertname'] ?? '',
            value: Number(value),
          }))
        },
        targets: async () =>
          (await active()).map(({ health, lastError, scrapeUrl }) => ({ health, lastError, url: scrapeUrl })),
        rules: () => api(port, '/api/v1/rules'),
        async scraped() {
          const since = Date.now()
          for (const end = since + 10_000; Date.now() < end; await sleep(20)) {
            const targets = await active()
            // `lastScrape` is when it began.
            if (targets.length > 0 && targets.every(({ lastScrape }) => Date.parse(lastScrape) >= since)) return
          }
          throw new Error('Prometheus did not scrape within 10 s')
        },
        stop: () => server.stop(),
      }
    },
    async promtool(args, { files = {}, stdin } = {}) {
      const { scope, services, signal, recorder } = context()
      if (!services) throw new Error('no services were prepared for this run')
      const started = performance.now()
      const run: ToolRun = await driver.runTool({
        definition,
        settings: services.settings,
        scope,
        signal,
        command: ['promtool', ...args],
        files: { ...solutionFiles(), ...files },
        ...(stdin === undefined ? {} : { stdin }),
      })
      const result: Run = { args, signal: null, ms: performance.now() - started, ...run }
      const evidence = {
        asked: `promtool ${args.join(' ')}`,
        got: `exit code ${run.exitCode}\n${`${run.stdout}${run.stderr}`.trim()}`,
      }
      exchangeOf.set(result, evidence)
      recorder.record(evidence)
      return result
    },
  }
}

function configuration(options: PrometheusOptions, reach: (port: number) => string): string {
  const { targets, rules = [], scrapeMs = 200, evaluateMs = 200, metricsPath = '/metrics', job = 'app' } = options
  // JSON is YAML.
  return JSON.stringify({
    global: {
      scrape_interval: `${scrapeMs}ms`,
      scrape_timeout: `${scrapeMs}ms`,
      evaluation_interval: `${evaluateMs}ms`,
    },
    rule_files: rules,
    scrape_configs: [{ job_name: job, metrics_path: metricsPath, static_configs: [{ targets: targets.map(reach) }] }],
  })
}

/** One call of Prometheus' HTTP API. @throws Error with its own message */
function api(port: number, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ host: '127.0.0.1', port, path, agent: false, timeout: 5000 }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => (text += part))
      answer.once('end', () => {
        try {
          const { status, data, error } = JSON.parse(text)
          if (status === 'success') resolve(data)
          else reject(new Error(`Prometheus: ${error}`))
        } catch {
          reject(new Error(`Prometheus answered ${answer.statusCode}: ${text.slice(0, 200)}`))
        }
      })
    })
    asked.once('timeout', () => asked.destroy(new Error('Prometheus did not answer')))
    asked.once('error', reject)
    asked.end()
  })
}

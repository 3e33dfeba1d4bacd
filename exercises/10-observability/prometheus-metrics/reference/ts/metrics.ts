import { Counter, Gauge, Histogram, Registry } from 'prom-client'

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Everything that `GET /metrics` shows. */
export const registry = new Registry()

const requests = new Counter({
  name: 'http_requests_total',
  help: 'Requests that have ended. Status 499: the client went away.',
  labelNames: ['method', 'route', 'status'],
  registers: [registry],
})

const durations = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'Time from the arrival of the headers until the answer was sent.',
  labelNames: ['method', 'route'],
  buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  registers: [registry],
})

const inFlight = new Gauge({
  name: 'http_requests_in_flight',
  help: 'Requests that have begun and not yet ended.',
  registers: [registry],
})

const info = new Gauge({
  name: 'app_info',
  help: 'What is running here.',
  labelNames: ['version'],
  registers: [registry],
})

export function tellVersion(version: string): void {
  info.set({ version }, 1)
}

/** Makes the series of a route, so that its first error is an increase from 0 and not the beginning of a series. */
export function beginAtZero({ method, route, success }: { method: string; route: string; success: number }): void {
  for (const status of [success, 500]) requests.inc({ method, route, status }, 0)
  durations.zero({ method, route })
}

/**
 * To be called when a request begins; the result, once, when it has ended. No label value may come from the client: `route` is
 * a template or undefined.
 */
export function begin(request: { method: string; route: string | undefined }): (status: number) => void {
  const method = METHODS.has(request.method) ? request.method : 'other'
  const route = request.route ?? 'other'
  inFlight.inc()
  const stop = durations.startTimer({ method, route })
  return (status) => {
    stop()
    requests.inc({ method, route, status })
    inFlight.dec()
  }
}

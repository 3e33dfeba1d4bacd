import { counter, durations, restarting, type Scenarios } from './rules.ts'

const OTHER_INSTANCE = { instance: 'shop-2:3000' }
const REPORTS = { route: '/reports/{name}' }

/** What ShopSlow does with series that went on for minutes and hours. */
export const slow: Scenarios = {
  'fires after ten minutes for a slow route, and for no other'() {
    const series = [
      ...durations({ 0.02: counter('38m at 900'), 0.2: counter('38m at 100') }),
      ...durations(
        { 0.08: counter('8m at 100, 20m at 80, 10m at 100'), 0.9: counter('8m at 0, 20m at 20, 10m at 0') },
        REPORTS,
      ),
    ]
    const slow = 'from minute 8 to 28, a fifth of the requests to /reports/{name} take a second'
    const checks = [
      { at: 6, firing: 0, why: slow },
      { at: 18.75, firing: 0, why: `${slow}: "for" is 10 minutes` },
      { at: 20, firing: 1, why: slow },
      { at: 20, firing: 1, labels: { job: 'shop', route: '/reports/{name}', severity: 'ticket' }, why: slow },
      { at: 31, firing: 1, why: slow },
      { at: 36, firing: 0, why: slow },
    ]
    return [{ series, checks }]
  },

  'looks at the 95th percentile, not at the average'() {
    return [
      {
        series: durations({ 0.02: counter('16m at 580'), 60: counter('16m at 20') }),
        checks: [
          {
            at: 15,
            firing: 0,
            why: '3 % of the requests take a minute, the others 20 ms: the 95th percentile is below 50 ms',
          },
        ],
      },
      {
        series: durations({ 0.02: counter('16m at 550'), 0.9: counter('16m at 50') }),
        checks: [{ at: 15, firing: 1, why: '8 % of the requests take 0.9 s, the others 20 ms: the average is 0.1 s' }],
      },
      {
        series: durations({ 0.02: counter('16m at 400'), 0.4: counter('16m at 100') }),
        checks: [{ at: 15, firing: 0, why: 'a fifth of the requests takes 0.4 s, the others 20 ms' }],
      },
      {
        series: durations({ 9: counter('16m at 100') }),
        checks: [{ at: 15, firing: 1, why: 'each request takes 9 s, more than the largest bound of a bucket' }],
      },
    ]
  },

  'is silent for a route with little traffic'() {
    return [
      {
        series: [...durations({ 0.02: counter('16m at 900') }), ...durations({ 0.9: counter('16m at 16') }, REPORTS)],
        checks: [
          { at: 15, firing: 0, why: 'each request to /reports/{name} takes 0.9 s, but there are 80 in 5 minutes' },
        ],
      },
      {
        series: [...durations({ 0.02: counter('16m at 900') }), ...durations({ 0.9: counter('16m at 25') }, REPORTS)],
        checks: [
          { at: 15, firing: 1, why: 'each request to /reports/{name} takes 0.9 s, and there are 125 in 5 minutes' },
        ],
      },
    ]
  },

  'adds up all methods and instances'() {
    const fast = durations({ 0.02: counter('16m at 3000') })
    return [
      {
        series: [
          ...fast,
          ...durations({ 0.9: counter('16m at 60') }, { method: 'POST' }),
          ...durations({ 0.9: counter('16m at 60') }, OTHER_INSTANCE),
        ],
        checks: [
          {
            at: 15,
            firing: 0,
            why: 'one method and one instance are slow, but they have 2 % each of the requests to this route',
          },
        ],
      },
      {
        series: [
          ...durations({ 0.02: counter('16m at 270'), 0.9: counter('16m at 30') }),
          ...durations({ 0.02: counter('16m at 270'), 0.9: counter('16m at 30') }, OTHER_INSTANCE),
          ...durations({ 0.02: counter('16m at 90'), 0.9: counter('16m at 10') }, { method: 'POST' }),
        ],
        checks: [{ at: 15, firing: 1, why: 'one route is slow on two instances, with two methods: that is one alert' }],
      },
    ]
  },

  'is not confused by the past or by restarts'() {
    return [
      {
        series: durations({ 0.02: counter('16m at 500', 50_000_000), 0.9: counter('16m at 100') }),
        checks: [{ at: 15, firing: 1, why: 'a sixth of the requests is slow, after millions that were fast' }],
      },
      {
        series: durations({ 0.02: counter('16m at 600'), 0.9: counter('16m at 0', 5_000_000) }),
        checks: [{ at: 15, firing: 0, why: 'all requests are fast; millions were slow long ago' }],
      },
      {
        series: durations({ 0.02: restarting(counter('16m at 500'), 3), 0.9: restarting(counter('16m at 100'), 3) }),
        checks: [
          { at: 15, firing: 1, why: 'a sixth of the requests is slow, and the instance restarts every 3 minutes' },
        ],
      },
    ]
  },

  'is about the job shop alone'() {
    const series = [
      ...durations({ 0.02: counter('16m at 600') }),
      ...durations({ 2: counter('16m at 900') }, { job: 'bakery' }),
    ]
    const why = 'the requests to the job shop are fast, those to the same route of another job are slow'
    const quiet = [
      ...durations({ 0.9: counter('16m at 16') }),
      ...durations({ 0.02: counter('16m at 900') }, { job: 'bakery' }),
    ]
    const whyQuiet = 'the job shop has 80 slow requests in 5 minutes; the same route of another job is busy'
    return [
      { series, checks: [{ at: 15, firing: 0, why }] },
      { series: quiet, checks: [{ at: 15, firing: 0, why: whyQuiet }] },
    ]
  },
}

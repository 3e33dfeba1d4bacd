import { counter, requests, restarting, type Scenarios } from './rules.ts'

const OTHER_INSTANCE = { instance: 'shop-2:3000' }

/** What ShopErrors does with series that went on for minutes and hours. */
export const errors: Scenarios = {
  'fires after five minutes when a tenth of the requests fail'() {
    const series = [
      requests(counter('8m at 600, 20m at 540, 8m at 600')),
      requests(counter('8m at 0, 20m at 60, 8m at 0'), { status: 500 }),
    ]
    const errors = '10 % of 600 requests a minute fail from minute 8 to 28'
    const checks = [
      { at: 6, firing: 0, why: errors },
      {
        at: 14.75,
        firing: 0,
        why: `${errors}: after 2.5 minutes they are 5 % of the last five; after that "for" is 5 minutes`,
      },
      { at: 17, firing: 1, why: errors },
      { at: 17, firing: 1, labels: { job: 'shop', severity: 'page' }, why: errors },
      { at: 28, firing: 1, why: errors },
      { at: 33, firing: 0, why: errors },
    ]
    return [{ series, checks }]
  },

  'looks at the last five minutes'() {
    const outage = 'half an hour went well, then every request fails from minute 30 to 45'
    const eightTimes = (phases: string) => Array<string>(8).fill(phases).join(', ')
    const comesAndGoes = 'every 2.5 minutes, 30 % of the requests fail for one minute'
    return [
      {
        series: [
          requests(counter('30m at 600, 15m at 0, 15m at 600')),
          requests(counter('30m at 0, 15m at 600, 15m at 0'), { status: 503 }),
        ],
        checks: [
          { at: 35, firing: 0, why: `${outage}: "for" is 5 minutes` },
          { at: 36.25, firing: 1, why: outage },
          { at: 49, firing: 1, why: outage },
          { at: 52, firing: 0, why: outage },
        ],
      },
      {
        series: [
          requests(counter(eightTimes('1m at 420, 1.5m at 600'))),
          requests(counter(eightTimes('1m at 180, 1.5m at 0')), { status: 502 }),
        ],
        checks: [{ at: 16, firing: 1, why: comesAndGoes }],
      },
    ]
  },

  'is silent when few requests fail, or clients are to blame'() {
    const share = [requests(counter('14m at 580')), requests(counter('14m at 20'), { status: 500 })]
    const few = '3 % of 600 requests a minute fail'
    const checks = (why: string) => [6, 12].map((at) => ({ at, firing: 0, why }))
    const clients = [
      requests(counter('14m at 300')),
      requests(counter('14m at 150'), { status: 404, route: 'other' }),
      requests(counter('14m at 100'), { status: 400, method: 'POST' }),
      requests(counter('14m at 50'), { status: 499 }),
    ]
    const why = 'half of 600 requests a minute end with 404, 400 or 499'
    return [
      { series: share, checks: checks(few) },
      { series: clients, checks: checks(why) },
    ]
  },

  'is silent when there is little traffic'() {
    const traffic = (perMinute: number) => [
      requests(counter(`14m at ${perMinute / 2}`)),
      requests(counter(`14m at ${perMinute / 2}`), { status: 500 }),
    ]
    const why = (perMinute: number) =>
      `half of ${perMinute} requests a minute fail: ${perMinute * 5} requests in 5 minutes`
    return [
      {
        series: traffic(16),
        checks: [6, 12].map((at) => ({ at, firing: 0, why: why(16) })),
      },
      { series: traffic(25), checks: [{ at: 12, firing: 1, why: why(25) }] },
    ]
  },

  'adds up all routes, methods and instances'() {
    const healthy = [requests(counter('14m at 900')), requests(counter('14m at 900'), OTHER_INSTANCE)]
    const oneRoute = [...healthy, requests(counter('14m at 40'), { route: '/reports/{name}', status: 500 })]
    const oneInstance = [...healthy, requests(counter('14m at 60'), { instance: 'shop-3:3000', status: 500 })]
    // 4 % on one, 8 % on the other, on different routes: 6 % of all.
    const everywhere = [
      requests(counter('14m at 960')),
      requests(counter('14m at 20'), { route: '/reports/{name}', status: 500 }),
      requests(counter('14m at 20'), { method: 'POST', status: 503 }),
      requests(counter('14m at 920'), OTHER_INSTANCE),
      requests(counter('14m at 80'), { ...OTHER_INSTANCE, route: '/orders/{id}', status: 502 }),
    ]
    return [
      {
        series: oneRoute,
        checks: [{ at: 12, firing: 0, why: 'one route fails always, but it has 2 % of all requests' }],
      },
      {
        series: oneInstance,
        checks: [{ at: 12, firing: 0, why: 'one instance fails always, but it has 3 % of all requests' }],
      },
      {
        series: everywhere,
        checks: [{ at: 12, firing: 1, why: '6 % of all requests fail, some on each instance and on several routes' }],
      },
    ]
  },

  'is not confused by the past or by restarts'() {
    return [
      {
        series: [requests(counter('14m at 500', 50_000_000)), requests(counter('14m at 100', 1000), { status: 500 })],
        checks: [{ at: 12, firing: 1, why: 'every sixth request fails, after millions that went well' }],
      },
      {
        series: [requests(counter('14m at 600', 1000)), requests(counter('14m at 0', 5_000_000), { status: 500 })],
        checks: [{ at: 12, firing: 0, why: 'no request fails; millions did long ago' }],
      },
      {
        series: [
          requests(restarting(counter('14m at 540'), 3)),
          requests(restarting(counter('14m at 60'), 3), { status: 500 }),
        ],
        checks: [{ at: 12, firing: 1, why: 'every tenth request fails, and the instance restarts every 3 minutes' }],
      },
    ]
  },

  'is about the job shop alone'() {
    const series = [
      requests(counter('14m at 600')),
      requests(counter('14m at 6'), { status: 500 }),
      requests(counter('14m at 900'), { job: 'bakery', status: 500 }),
    ]
    const why = '1 % of the requests to the job shop fail, and all to another job'
    const quiet = [
      requests(counter('14m at 8')),
      requests(counter('14m at 8'), { status: 500 }),
      requests(counter('14m at 900'), { job: 'bakery' }),
    ]
    const whyQuiet = 'the job shop has 80 requests in 5 minutes, half of them fail; another job is busy'
    return [
      { series, checks: [{ at: 12, firing: 0, why }] },
      { series: quiet, checks: [{ at: 12, firing: 0, why: whyQuiet }] },
    ]
  },
}

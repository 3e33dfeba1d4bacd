import { gauge, type Scenarios } from './rules.ts'

const OTHER_INSTANCE = { instance: 'shop-2:3000' }
const up = (phases: string, { job = 'shop', instance = 'shop-1:3000' } = {}) => ({
  name: 'up',
  labels: { job, instance },
  values: gauge(phases),
})

/** What ShopDown does with series that went on for minutes and hours. */
export const down: Scenarios = {
  'fires after two minutes for the instance that is down'() {
    const down = 'one of two instances is down from minute 10 to 20'
    return [
      {
        series: [up('30m at 1'), up('10m at 1, 10m at 0, 10m at 1', OTHER_INSTANCE)],
        checks: [
          { at: 9, firing: 0, why: down },
          { at: 11.75, firing: 0, why: `${down}: "for" is 2 minutes` },
          { at: 12.75, firing: 1, why: down },
          { at: 13, firing: 1, labels: { job: 'shop', ...OTHER_INSTANCE, severity: 'page' }, why: down },
          { at: 21, firing: 0, why: down },
        ],
      },
      {
        series: [up('30m at 0'), up('30m at 0', OTHER_INSTANCE)],
        checks: [{ at: 10, firing: 2, why: 'both of two instances are down' }],
      },
    ]
  },

  'is silent when a single scrape fails'() {
    return [
      {
        series: [up('5m at 1, 0.25m at 0, 5m at 1, 0.75m at 0, 5m at 1')],
        checks: [5, 5.25, 6, 7, 8, 10.5, 11, 11.5, 12, 13, 14].map((at) => ({
          at,
          firing: 0,
          why: 'one scrape failed at minute 5, and three from minute 10.25 to 11',
        })),
      },
    ]
  },

  'fires when Prometheus knows no instance at all'() {
    const gone = 'the only instance is gone from the list of targets from minute 10 to 30'
    return [
      {
        series: [up('10m at 1, 20m at -, 10m at 1'), up('40m at 1', { job: 'bakery' })],
        checks: [
          { at: 9, firing: 0, why: gone },
          { at: 25, firing: 1, why: gone },
          { at: 25, firing: 1, labels: { job: 'shop', instance: '', severity: 'page' }, why: gone },
          { at: 32, firing: 0, why: gone },
        ],
      },
      {
        series: [up('30m at 1', { job: 'bakery' })],
        checks: [
          { at: 1.5, firing: 0, why: 'there never was an instance of the job shop: "for" is 2 minutes' },
          { at: 20, firing: 1, why: 'there never was an instance of the job shop' },
        ],
      },
      {
        series: [up('10m at 1, 30m at -'), up('40m at 1', OTHER_INSTANCE)],
        checks: [{ at: 30, firing: 0, why: 'one of two instances was taken away, the other is well' }],
      },
    ]
  },

  'is about the job shop alone'() {
    return [
      {
        series: [up('30m at 1'), up('30m at 0', { job: 'bakery' })],
        checks: [{ at: 20, firing: 0, why: 'an instance of another job is down' }],
      },
    ]
  },
}

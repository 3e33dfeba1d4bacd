import { askDns } from '../dns-client.ts'
import { type DnsLink, startDnsLink } from '../dns-link.ts'
import type { Closers } from './service-handle.ts'
import { startForTest, testService } from './test-service.ts'

/** A real DNS server behind a link that can be slowed, silenced and forged. */
export interface DnsUpstream {
  host: string
  port: number
  /** `host:port` of the link: UDP and TCP on the same number. */
  address: string
  link: DnsLink
  stop(): Promise<void>
  start(): Promise<void>
}

export interface DnsService {
  readonly driver: 'docker' | 'native' | 'embedded'
  readonly version: string
  /**
   * Starts a dnsmasq that knows nothing but these records; it is stopped after the test.
   * @param options.records lines of its configuration, e.g. `host-record=a.test,192.0.2.1,300`
   */
  start(options: { records: string[] }): Promise<DnsUpstream>
  /** Asks any DNS server once. */
  ask: typeof askDns
}

export function useDns(closers: Closers): DnsService {
  const service = testService('dns')
  const { driver, version } = service
  return {
    driver: driver.id,
    version,
    async start({ records }) {
      const server = await startForTest(service, {
        asked: 'start dnsmasq',
        files: { 'dnsmasq.conf': `${records.join('\n')}\n` },
        closers,
      })
      const link = await startDnsLink({ host: server.host, port: server.ports.main })
      closers.unshift(() => link[Symbol.asyncDispose]())
      const { host, port, address } = link
      return { host, port, address, link, stop: () => server.stop(), start: () => server.start() }
    },
    ask: askDns,
  }
}

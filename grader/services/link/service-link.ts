import { startTap, type Tap } from '../../solution/tap.ts'
import { decodeMemcached } from './decode-memcached.ts'
import { decodeResp } from './decode-resp.ts'
import { decodeSql } from './decode-sql.ts'
import type { Decoder } from './decoder.ts'

/** One request that went over a link, with its answer. */
export interface Exchange {
  /** When it was sent, on `performance.now()`'s clock. */
  at: number
  /** `GET`, `SELECT` ... */
  name: string
  /** The whole command or statement in one line. */
  text: string
  /** What follows the name; for SQL the parameters, as text. */
  args: string[]
  reply?: string
  /** Milliseconds until the answer was there. */
  ms?: number
  /** Which connection it came over, counted from 0. */
  connection: number
}

/** The link between a solution and a service: a TCP tap that understands what is said. */
export interface ServiceLink extends Tap {
  /** What makes a solution use it. */
  env: Record<string, string>
  /** What was asked, in the order of asking; empty for services whose language is not decoded. */
  readonly exchanges: Exchange[]
  /** Empties the record. */
  forget(): void
}

const dialects: Record<string, () => Decoder> = { resp: decodeResp, sql: decodeSql, memcached: decodeMemcached }

/** Exchanges that are kept. */
const kept = 10_000

/** Of each, in characters and in number: a stranger may send what it likes. */
const longest = 16_384
const mostArguments = 1000

function cut(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** Bytes that may come without a whole message in them. */
const mostPending = 32 * 2 ** 20

/** Stops to decode what is not the service's language: the bytes go through all the same. */
function careful(decoder: Decoder): Decoder {
  let broken = false
  const guard = <T>(decode: (bytes: Buffer) => T[]) => {
    let pending = 0
    return (bytes: Buffer): T[] => {
      if (broken) return []
      try {
        const messages = decode(bytes)
        pending = messages.length > 0 ? 0 : pending + bytes.length
        broken = pending > mostPending
        return messages
      } catch {
        broken = true
        return []
      }
    }
  }
  return { sent: guard((bytes) => decoder.sent(bytes)), received: guard((bytes) => decoder.received(bytes)) }
}

interface LinkOptions {
  target: () => { host: string; port: number }
  /** Where to listen; default: a free port. */
  port?: number
  dialect: 'resp' | 'sql' | 'memcached' | undefined
  environment: (address: { host: string; port: number }) => Record<string, string>
}

/** Puts a link in front of a service. */
export async function openLink({ target, port, dialect, environment }: LinkOptions): Promise<ServiceLink> {
  let exchanges: Exchange[] = []
  const decoder = dialect && dialects[dialect]
  const tap = await startTap(target, {
    ...(port === undefined ? {} : { port }),
    onConnection(connection) {
      if (!decoder) return undefined
      const decode = careful(decoder())
      const waiting: Exchange[] = []
      return {
        sent(bytes) {
          for (const message of decode.sent(bytes)) {
            const { name, text, args } = message
            const words = args.slice(0, mostArguments).map(cut)
            const exchange: Exchange = {
              at: performance.now(),
              name: cut(name),
              text: cut(text),
              args: words,
              connection,
            }
            if (waiting.length < kept) waiting.push(exchange)
            if (exchanges.length < kept) exchanges.push(exchange)
          }
        },
        received(bytes) {
          for (const reply of decode.received(bytes)) {
            const exchange = waiting.shift()
            if (exchange) Object.assign(exchange, { reply: cut(reply), ms: performance.now() - exchange.at })
          }
        },
      }
    },
  })
  return {
    ...tap,
    env: environment({ host: tap.host, port: tap.port }),
    get exchanges() {
      return exchanges
    },
    forget() {
      exchanges = []
      tap.connections.splice(0, tap.connections.length)
    },
  }
}

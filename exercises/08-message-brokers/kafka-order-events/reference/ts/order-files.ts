import { createHash } from 'node:crypto'
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEvent, type OrderEvent } from './events.ts'

/**
 * A file for each order, with its events in the order in which they were handled, one a line.
 *
 * Nothing is ever replaced. So two instances that both believe to own a partition can't undo each other's work: the worst
 * they do is to append the same event twice, and the reader sees that by its id. And effect and id are one write.
 */
export class OrderFiles {
  readonly #folder: string

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'orders')
  }

  async append(event: OrderEvent): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    // The line begins with the line break: a line that was cut off by a crash must not take the next one with it.
    // With `flush` it is on the disk, not only on its way: once the offset is committed, Kafka won't give the event again.
    await appendFile(this.#file(event.orderId), `\n${JSON.stringify(event)}`, { flush: true })
  }

  async events(orderId: string): Promise<OrderEvent[]> {
    return (await this.#lines(orderId)).flatMap((line) => {
      const event = parseEvent(line)
      return typeof event === 'string' ? [] : [event]
    })
  }

  async #lines(orderId: string): Promise<string[]> {
    try {
      return (await readFile(this.#file(orderId), 'utf8')).split('\n')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  /** A hash, since an order id may have any characters, and more of them than a file name. */
  #file(orderId: string): string {
    return join(this.#folder, createHash('sha256').update(orderId).digest('hex'))
  }
}

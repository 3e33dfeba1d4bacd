import type { ExpectStatic } from '@vitest/expect'

interface PollOptions {
  /** Milliseconds between two tries; default 50. */
  interval?: number
  /** Milliseconds; default 1,000. */
  timeout?: number
  message?: string
}

/** `expect.poll(fn).toBe(...)`: asks again until the matcher agrees or the time is over. */
export function poll(expect: ExpectStatic) {
  return (ask: () => unknown, { interval = 50, timeout = 1000, message }: PollOptions = {}) => {
    const chain = (path: string[]): unknown =>
      new Proxy(() => {}, {
        get: (_, key) => chain([...path, String(key)]),
        apply: (_, __, args: unknown[]) =>
          until(
            async () => {
              const assertion = path.slice(0, -1).reduce<unknown>(member, expect(await ask(), message))
              const matcher = member(assertion, path.at(-1) ?? '')
              if (typeof matcher !== 'function') throw new TypeError(`expect.poll() has no matcher ${path.join('.')}`)
              await Reflect.apply(matcher, assertion, args)
            },
            interval,
            timeout,
          ),
      })
    return chain([])
  }
}

/** `vi.waitFor`: tries until the callback does not throw; gives its value. */
export function waitFor<T>(callback: () => T | Promise<T>, options: number | PollOptions = {}): Promise<T> {
  const { interval = 50, timeout = 1000 } = typeof options === 'number' ? { timeout: options } : options
  return until(async () => await callback(), interval, timeout)
}

/** `vi.waitUntil`: tries until the callback gives something true; an error ends the wait. */
export async function waitUntil<T>(callback: () => T | Promise<T>, options: number | PollOptions = {}): Promise<T> {
  const { interval = 50, timeout = 1000 } = typeof options === 'number' ? { timeout: options } : options
  const end = performance.now() + timeout
  for (;;) {
    const value = await callback()
    if (value) return value
    if (performance.now() >= end) throw new Error('Timed out in waitUntil!')
    await sleep(interval)
  }
}

async function until<T>(attempt: () => Promise<T>, interval: number, timeout: number): Promise<T> {
  const end = performance.now() + timeout
  for (;;) {
    const last = performance.now() >= end
    try {
      return await attempt()
    } catch (error) {
      if (last) throw error
    }
    await sleep(Math.max(1, Math.min(interval, end - performance.now())))
  }
}

function member(target: unknown, key: string): unknown {
  return (target as Record<string, unknown>)[key]
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

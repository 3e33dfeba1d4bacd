import type { Answer } from 'learn-backend/kit'

/** The shortest time of some requests in ms: what the work itself takes, whatever else the machine does. */
export async function fastest(times: number, ask: () => Promise<Answer>): Promise<number> {
  let best = Infinity
  for (let i = 0; i < times; i++) best = Math.min(best, (await ask()).ms)
  return best
}

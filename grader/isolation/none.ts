import type { Isolation } from './isolation.ts'

/** The solution runs as whoever grades: for one's own code on one's own machine. */
export const none: Isolation = {
  id: 'none',
  description: { id: 'none', mechanism: 'not confined', limits: [] },
  inPod: false,
  confine: (command) => command,
}

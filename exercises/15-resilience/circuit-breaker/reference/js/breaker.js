/**
 * The state machine alone: it knows neither HTTP nor timers, only a monotonic clock in milliseconds.
 *
 * @param {{ threshold: number, openMs: number, now?: () => number }} options
 */
export function createBreaker({ threshold, openMs, now = () => performance.now() }) {
  let failures = 0
  let openedAt // undefined while closed
  let probing = false
  // Grows whenever the breaker opens or closes. A call that was admitted in an earlier era ends too late to say
  // anything about the upstream as it is now.
  let era = 0

  // Derived from the clock instead of set by a timer: it is right at the very moment when somebody asks.
  function state() {
    if (openedAt === undefined) return 'closed'
    return now() - openedAt < openMs ? 'open' : 'half-open'
  }

  function open() {
    openedAt = now()
    probing = false
    era++
  }

  function close() {
    openedAt = undefined
    failures = 0
    probing = false
    era++
  }

  return {
    state,
    failures: () => failures,

    /** Milliseconds until the next call has a chance, 0 when it has one now. */
    waitMs: () => (openedAt === undefined ? 0 : Math.max(0, openedAt + openMs - now())),

    /**
     * @returns {((succeeded: boolean) => void) | undefined} to be called once, when the admitted call has ended;
     *   undefined when the upstream must be left alone
     */
    admit() {
      const admitted = state()
      if (admitted === 'open' || probing) return undefined
      // Nothing is awaited between the check above and this mark, so two requests can't both become the probe.
      probing = admitted === 'half-open'
      const admittedEra = era
      return (succeeded) => {
        if (era !== admittedEra) return
        if (admitted === 'half-open') {
          if (succeeded) close()
          else open()
          return
        }
        failures = succeeded ? 0 : failures + 1
        if (failures >= threshold) open()
      }
    },
  }
}

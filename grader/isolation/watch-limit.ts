import type { LimitHit } from './isolation.ts'

/** A limit that nobody counts for us: it is looked at again and again. */
export interface LimitWatch {
  readonly hit: LimitHit | undefined
  /** Looks at once. */
  look(): void
}

interface Watched {
  /** Milliseconds between two looks. */
  interval: number
  find(): LimitHit | undefined
  /** Called once. */
  onHit?: () => void
}

/** Looks until the limit is hit; keeps nobody from ending. */
export function watchLimit({ interval, find, onHit }: Watched): LimitWatch {
  let hit: LimitHit | undefined
  const look = () => {
    hit ??= find()
    if (!hit) return
    clearInterval(timer)
    onHit?.()
  }
  const timer = setInterval(look, interval)
  timer.unref()
  return {
    look,
    get hit() {
      return hit
    },
  }
}

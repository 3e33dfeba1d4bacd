/** How the solution is started as a server. */
export interface StartOptions {
  /** Added to `PORT` and `DATA_DIR`. */
  env?: Record<string, string>
  args?: string[]
  /** Default: a free one. */
  port?: number
  /** Default: a fresh folder. */
  dataDir?: string
  /** Milliseconds until it must listen; default `limits.start_ms`. */
  deadline?: number
  /** `none`: does not wait, for a start that is meant to fail. */
  ready?: 'listening' | 'none'
}

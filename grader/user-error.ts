/** What kind of mistake a {@link UserError} is; the command line turns it into an exit code. */
export type UserErrorCode =
  | 'usage'
  | 'invalid_course'
  | 'invalid_exercise'
  | 'invalid_workspace'
  | 'unknown_exercise'
  | 'locked'
  | 'not_writable'
  | 'environment'

/** Something that the person at the keyboard can put right: says what, where, and what to type. */
export class UserError extends Error {
  override name = 'UserError'
  readonly code: UserErrorCode
  /** What to do about it, as one or more lines; usually a command to type. */
  readonly remedy: string | undefined

  constructor(code: UserErrorCode, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.remedy = options.remedy
  }
}

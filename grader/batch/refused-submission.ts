/** A submission that is not graded, because of what its folder holds. A result (0 points), not an accident. */
export class RefusedSubmission extends Error {
  override name = 'RefusedSubmission'
  /** A sentence for people, without control characters. */
  readonly reason: string
  /** What it is about, relative to the submission, escaped for showing; `.` is the submission's folder itself. */
  readonly path: string

  /** @param problem completes a sentence that begins with the path, e.g. `is a socket.` */
  constructor(path: string, problem: string) {
    const reason = `${path === '.' ? "The solution's folder" : path} ${problem}`
    super(reason)
    this.reason = reason
    this.path = path
  }
}

/** Why a test failed, when it is the solution's doing and not a plain wrong answer of an assertion. */
export type FailureCode =
  | 'never_listened'
  | 'crashed'
  | 'timeout'
  | 'refused'
  | 'reset'
  | 'malformed'
  | 'not_json'
  | 'too_large'
  | 'flooded'
  | 'wrong_answer'

/** What a learner needs to see to understand a failure. Plain data: it travels through reports. */
export interface Evidence {
  /** The request, or the command line. */
  asked?: string | undefined
  /** What was sent along: a body, an input. */
  sent?: string | undefined
  expected?: string | undefined
  got?: string | undefined
  /** Further facts, in the order in which they help. */
  notes?: string[] | undefined
  /** What the solution and its services said to each other. */
  conversation?: string[] | undefined
  /** A shell command that asks the same again. */
  replay?: string | undefined
  /** The last lines that the program printed. */
  log?: string[] | undefined
  /** Stack frames in the learner's own files, innermost first. */
  stack?: string[] | undefined
}

/** The solution did something that ends the test at once: the test need not expect it. */
export class SolutionFailure extends Error {
  override name = 'SolutionFailure'
  readonly code: FailureCode
  readonly evidence: Evidence

  constructor(code: FailureCode, message: string, evidence: Evidence = {}) {
    super(message)
    this.code = code
    this.evidence = evidence
  }
}

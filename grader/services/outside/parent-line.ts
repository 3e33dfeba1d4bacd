/** What a process in a pod may ask of whoever opened the pod: there is nothing else outside that it can reach. */
export interface ParentLine {
  /** @throws Error or UserError as it happened outside */
  ask(method: string, value: unknown): Promise<unknown>
}

let line: ParentLine | undefined

export function openParentLine(opened: ParentLine): void {
  line = opened
}

export function parentLine(): ParentLine {
  if (!line) throw new Error('this process is not in a pod')
  return line
}

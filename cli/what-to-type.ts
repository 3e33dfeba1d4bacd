/** A command as the learner types it: npx finds learn-backend wherever it was installed. */
export function whatToType(words: string): string {
  return `npx learn-backend ${words}`
}

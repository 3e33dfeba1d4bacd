import type { CiOptions } from './ci-options.ts'

/** Puts a text behind so many spaces, but leaves empty lines empty. */
export function indent(text: string, spaces: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(spaces))
}

/**
 * Installs the grader outside of the submission, so that npm looks at no file of it (package.json, .npmrc,
 * node_modules), and runs no script.
 * @param folder a shell word: an absolute folder that only the pipeline writes
 * @param version a shell word
 */
export function installScript(folder: string, version: string): string {
  return `mkdir -p "${folder}"
cd "${folder}"
npm install --prefix "${folder}" --ignore-scripts --no-audit --no-fund "learn-backend@${version}"`
}

/** The further words of `grade`, each behind a space. */
export function furtherWords({ course, gradeOptions = [] }: CiOptions, base: string): string {
  const courseWords = course === undefined ? [] : ['--course', `"${base}/${course}"`]
  return [...courseWords, ...gradeOptions].map((word) => ` ${word}`).join('')
}

/**
 * Takes the course out of the commit that the submission is based on: what the fork changed in it does not count.
 * `git archive` runs nothing of the repository's, and reads its attributes from that commit.
 */
export function courseScript(course: string, repository: string, revision: string, folder: string): string {
  return `mkdir -p "${folder}"
git -C "${repository}" archive --format=tar "${revision}" -- ${course} | tar --extract --directory "${folder}"`
}

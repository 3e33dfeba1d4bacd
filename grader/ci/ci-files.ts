import type { CiOptions } from './ci-options.ts'
import { checkCiOptions } from './ci-options.ts'
import { githubComment } from './github-comment.ts'
import { githubGrade } from './github-grade.ts'
import { gitlabPipeline } from './gitlab-pipeline.ts'
import { jenkinsPipeline } from './jenkins-pipeline.ts'

/** A file of a pipeline. */
export interface CiFile {
  /** Relative to the repository's root, with `/`. */
  path: string
  text: string
}

const platforms = {
  github: (options) => [
    { path: '.github/workflows/grade.yml', text: githubGrade(options) },
    { path: '.github/workflows/comment.yml', text: githubComment(options) },
  ],
  gitlab: (options) => [{ path: '.gitlab-ci.yml', text: gitlabPipeline(options) }],
  jenkins: (options) => [{ path: 'Jenkinsfile', text: jenkinsPipeline(options) }],
} satisfies Record<string, (options: CiOptions) => CiFile[]>

export type CiPlatform = keyof typeof platforms

/** Where pipelines can be written for. */
export const ciPlatforms: CiPlatform[] = Object.keys(platforms) as CiPlatform[]

/**
 * The pipeline that grades what learners hand in, for the base repository that they fork.
 * @throws {UserError} when an option can't be written into one
 */
export function ciFiles(platform: CiPlatform, options: CiOptions): CiFile[] {
  checkCiOptions(options)
  return platforms[platform](options)
}

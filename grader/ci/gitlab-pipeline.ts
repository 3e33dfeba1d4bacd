import type { CiOptions } from './ci-options.ts'
import { courseScript, furtherWords, indent, installScript } from './scripts.ts'

/** `.gitlab-ci.yml` for merge requests. */
export function gitlabPipeline(options: CiOptions): string {
  const course =
    options.course === undefined
      ? ''
      : `${courseScript(options.course, '$CI_PROJECT_DIR', '$CI_MERGE_REQUEST_DIFF_BASE_SHA', '/opt/base')}\n`
  const gradeScript = `${course}results="$(mktemp -d)"
chmod 755 "$results"
status=0
/opt/learn-backend/node_modules/.bin/learn-backend grade "$CI_PROJECT_DIR" \\
  --changed-since "$CI_MERGE_REQUEST_DIFF_BASE_SHA"${furtherWords(options, '/opt/base')} \\
  --format terminal --format "gitlab=$results" \\
  --format "json=$results/grades.json" --format "html=$results/grades.html" || status=$?
rm -rf -- "$CI_PROJECT_DIR/learn-backend-results"
mv -- "$results" "$CI_PROJECT_DIR/learn-backend-results"
exit "$status"`
  return `# Grades merge requests with learn-backend. Written by "learn-backend ci init gitlab".
#
# The code that is graded is hostile until proven otherwise. GitLab takes this file from the branch that is tested, so a
# learner could change it. What counts must not come from there:
# 1. Keep this file in a project that learners can't write to, e.g. group/course-ci.
# 2. In the base project, set Settings > CI/CD > General pipelines > "CI/CD configuration file" to
#    .gitlab-ci.yml@group/course-ci: from then on merge requests can't change it. (Projects can also take it in with
#    "include: [{ project: group/course-ci, ref: main, file: .gitlab-ci.yml }]", but then a fork can leave the line out.)
# 3. A pipeline of a fork's merge request runs in the fork, with the fork's settings, until a member of the base project
#    presses "Run pipeline" in the merge request: only that run counts. It shows under the base project's pipelines.
# 4. Mark every CI/CD variable of the base project "protected": pipelines of merge requests from forks don't get those.
#    Don't give this job a secret.
# 5. The runner must let its containers make namespaces, as GitLab.com's hosted ones do: privileged, on a machine that
#    does nothing else. Where nothing can confine a solution the grader starts none, and says what is missing.
grade:
  stage: test
  image: node:24-bookworm-slim
  timeout: 30 minutes
  interruptible: true
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  variables:
    # The whole history, because --changed-since needs the commit that the merge request is based on.
    GIT_DEPTH: "0"
    GIT_SUBMODULE_STRATEGY: none
  script:
    - |
      apt-get update -qq
      apt-get install -qq --yes --no-install-recommends bubblewrap ca-certificates git
    # Outside of the project's folder, which is the submission: npm must not look at its package.json or .npmrc.
    - |
${indent(installScript('/opt/learn-backend', options.version), 6)}
    # Results go to a new folder first: one of that name in the submission could be a link to anywhere.
    - |
${indent(gradeScript, 6)}
  artifacts:
    when: always
    expire_in: 2 weeks
    paths:
      - learn-backend-results/
    reports:
      junit: learn-backend-results/junit.xml
      codequality: learn-backend-results/gl-code-quality-report.json
`
}

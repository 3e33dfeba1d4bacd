import type { CiOptions } from './ci-options.ts'
import { checkout, setupNode, uploadArtifact } from './github-actions.ts'
import { furtherWords, indent, installScript } from './scripts.ts'

/** Makes bubblewrap work on a GitHub-hosted Ubuntu machine. */
const confinementScript = `sudo apt-get update --quiet
sudo apt-get install --quiet --yes --no-install-recommends bubblewrap
if [ -e /proc/sys/kernel/apparmor_restrict_unprivileged_userns ]; then
  sudo sysctl --write kernel.apparmor_restrict_unprivileged_userns=0
fi`

/** What `sudo` passes on: the files that GitHub reads, and nothing else of the environment. */
const passedOn = 'CI,GITHUB_ACTIONS,GITHUB_OUTPUT,GITHUB_STEP_SUMMARY,GITHUB_WORKSPACE'

/** Runs `grade` with the words in `words`, as root, and gives its results back to the runner's user. */
const gradeAsRoot = `status=0
sudo --preserve-env=${passedOn} env "PATH=$PATH" \\
  "$RUNNER_TEMP/learn-backend/node_modules/.bin/learn-backend" "\${words[@]}" || status=$?
sudo chown --recursive "$(id -u):$(id -g)" "$results"
exit "$status"`

/** `.github/workflows/grade.yml`: grades without any right but to read. */
export function githubGrade(options: CiOptions): string {
  const gradeScript = `results="$RUNNER_TEMP/results"
mkdir -p "$results"
words=(grade submission --changed-since "$BASE_SHA"${furtherWords(options, '$GITHUB_WORKSPACE/base')})
words+=(--format github --format "json=$results/grades.json" --format "html=$results/grades.html")
${gradeAsRoot}`
  const base = `
      - name: Check out the course as the base has it
        uses: ${checkout}
        with:
          ref: \${{ github.event.pull_request.base.sha }}
          path: base
          persist-credentials: false
`
  return `# Grades pull requests from forks. Written by "learn-backend ci init github"; belongs into the base repository.
#
# The code that is graded is hostile until proven otherwise:
# - "pull_request", never "pull_request_target": no secrets, and a token that can only read. Don't add secrets here.
# - The fork is checked out as data. Grader, hidden tests and course come from npm at an exact version, or from the base.
# - A pull request can change this very file, and GitHub then runs the changed one. So the check of a pull request
#   proves nothing by itself: comment.yml looks whether this file is the base's before it shows any points. To make it
#   impossible, let a ruleset of your organisation require this workflow from a repository that learners can't write to.
# - Settings > Actions > General > "Require approval for all external contributors" keeps strangers from using your minutes.
name: Grade

on:
  pull_request:

permissions:
  contents: read

concurrency:
  group: grade-\${{ github.event.pull_request.number }}
  cancel-in-progress: true

defaults:
  run:
    shell: bash

jobs:
  grade:
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    steps:
      # The whole history, because --changed-since needs the commit that the fork is based on.
      - name: Check out the submission, as data
        uses: ${checkout}
        with:
          path: submission
          fetch-depth: 0
          persist-credentials: false
${options.course === undefined ? '' : base}
      - name: Set up Node.js
        uses: ${setupNode}
        with:
          node-version: 24
          package-manager-cache: false

      - name: Install the grader, outside of the submission
        run: |
${indent(installScript('$RUNNER_TEMP/learn-backend', options.version), 10)}

      # Ubuntu 24.04 refuses user namespaces to ordinary users, and bubblewrap needs them. This machine is thrown away
      # after the job, so it is allowed for the whole of it.
      - name: Prepare the isolation
        run: |
${indent(confinementScript, 10)}

      # As root, because whoever broke out as the runner's own user would be root with one "sudo". Started as root, the
      # grader runs each solution as a user that owns nothing, and can limit its memory with a control group of its own.
      # Whatever comes from the pull request reaches the shell as a variable, never as text of the script.
      - name: Grade
        env:
          BASE_SHA: \${{ github.event.pull_request.base.sha }}
        run: |
${indent(gradeScript, 10)}

      - name: Keep the results
        if: \${{ !cancelled() }}
        uses: ${uploadArtifact}
        with:
          name: learn-backend
          path: \${{ runner.temp }}/results
          if-no-files-found: warn
          retention-days: 14
`
}

import type { CiOptions } from './ci-options.ts'
import { courseScript, furtherWords, installScript } from './scripts.ts'

/**
 * `Jenkinsfile` of a multibranch pipeline. Groovy reads escapes in a script between `'''`, and a `$` does nothing there:
 * the scripts hold no backslash.
 */
export function jenkinsPipeline(options: CiOptions): string {
  const course =
    options.course === undefined
      ? ''
      : `rm -rf base
${courseScript(options.course, 'submission', '${base:-HEAD}', '$WORKSPACE/base')}
`
  const gradeScript = `base=""
if [ -n "\${CHANGE_TARGET:-}" ]; then base="refs/remotes/origin/$CHANGE_TARGET"; fi
${course}mkdir -p results
words=(grade submission${furtherWords(options, '$WORKSPACE/base')})
if [ -n "$base" ]; then words+=(--changed-since "$base"); fi
words+=(--format terminal --format "junit=$WORKSPACE/results/junit.xml")
words+=(--format "json=$WORKSPACE/results/grades.json" --format "html=$WORKSPACE/results/grades.html")
"$WORKSPACE_TMP/learn-backend/node_modules/.bin/learn-backend" "\${words[@]}"`
  return `// Grades pull requests with learn-backend. Written by "learn-backend ci init jenkins"; belongs into the base repository.
//
// The code that is graded is hostile until proven otherwise:
// - In the multibranch job, under "Discover pull requests from forks", set Trust to "From users with Admin or Write
//   permission" (or "Nobody"): then Jenkins takes this file from the target branch for everybody else, and a learner
//   can't change it. With "Everyone" or "Contributors" learners could run what they like.
// - Bind no credentials in this job, and give it an agent that does nothing else, never the controller.
// - The agent needs Node.js 20.19 or newer, npm, git, and bubblewrap (or Docker). Where nothing can confine a solution
//   the grader starts none, and says what is missing.
// - The checkout must fetch the target branch ("Merging the pull request with the current target branch revision"
//   does), because --changed-since compares with it.
pipeline {
  agent any
  options {
    skipDefaultCheckout()
    disableConcurrentBuilds(abortPrevious: true)
    timeout(time: 30, unit: 'MINUTES')
  }
  stages {
    stage('Check out') {
      steps {
        // As data, in a folder of its own: nothing of it is run here.
        dir('submission') {
          deleteDir()
          checkout scm
        }
        // Or a build that fails before it grades would publish the results of the last one.
        dir('results') {
          deleteDir()
        }
      }
    }
    stage('Install the grader') {
      steps {
        // Outside of the submission: npm must not look at its package.json or .npmrc.
        sh '''#!/usr/bin/env bash
set -euo pipefail
${installScript('$WORKSPACE_TMP/learn-backend', options.version)}
'''
      }
    }
    stage('Grade') {
      steps {
        sh '''#!/usr/bin/env bash
set -euo pipefail
${gradeScript}
'''
      }
    }
  }
  post {
    always {
      junit testResults: 'results/junit.xml', allowEmptyResults: true
      archiveArtifacts artifacts: 'results/**', allowEmptyArchive: true
    }
  }
}
`
}

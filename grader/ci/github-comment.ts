import type { CiOptions } from './ci-options.ts'
import { setupNode } from './github-actions.ts'
import { indent, installScript } from './scripts.ts'

/** Finds the open pull request of the run by what GitHub says of the run, and whether the run is to be believed. */
const findScript = `pulls="$(gh api --method GET "repos/$REPOSITORY/pulls" --raw-field state=open --raw-field "head=$HEAD_OWNER:$HEAD_BRANCH" \\
  --jq '.[] | select(.head.sha == env.HEAD_SHA and .head.repo.full_name == env.HEAD_REPOSITORY) | "\\(.number) \\(.base.sha)"')"
read -r number base_sha <<< "$pulls" || true
if [ -z "\${number:-}" ]; then
  echo 'No open pull request has this commit at its head any more: nothing to comment on.'
  exit 0
fi
# GitHub merges base and fork: when the fork left the file as it found it, the base's was run.
fork_point="$(gh api "repos/$REPOSITORY/compare/$base_sha...$HEAD_SHA" --jq .merge_base_commit.sha)"
before="$(gh api "repos/$REPOSITORY/contents/$WORKFLOW?ref=$fork_point" --jq .sha || echo absent)"
after="$(gh api "repos/$REPOSITORY/contents/$WORKFLOW?ref=$HEAD_SHA" --jq .sha || echo gone)"
genuine=false
if [ "\${RUN_PATH%%@*}" = "$WORKFLOW" ] && [ "$before" = "$after" ]; then genuine=true; fi
echo "number=$number" >> "$GITHUB_OUTPUT"
echo "genuine=$genuine" >> "$GITHUB_OUTPUT"`

/** Fetches the report; "unzip -p" makes no file of a name that the archive chose. */
const fetchScript = `cd "$RUNNER_TEMP"
id="$(gh api "repos/$REPOSITORY/actions/runs/$RUN_ID/artifacts" \\
  --jq '[.artifacts[] | select(.name == "learn-backend" and .size_in_bytes < 50000000)][0].id // empty')"
if [ -z "$id" ]; then
  echo 'The run has no report: its log says why.'
  exit 0
fi
gh api "repos/$REPOSITORY/actions/artifacts/$id/zip" > artifact.zip
(ulimit -f 65536 && unzip -p artifact.zip grades.json > grades.json)
"$RUNNER_TEMP/learn-backend/node_modules/.bin/learn-backend" report show grades.json --format "markdown=$RUNNER_TEMP/grades.md"`

/** Writes the comment, or rewrites the one that an earlier run left. */
const commentScript = `cd "$RUNNER_TEMP"
marker='<!-- learn-backend grades -->'
{
  echo "$marker"
  if [ "$GENUINE" != true ]; then
    echo "**Not graded.** This pull request changes \\\`$WORKFLOW\\\`, so what its run says proves nothing. Take that change back and push again."
  elif [ ! -s grades.md ]; then
    echo "**Not graded.** [The run]($RUN_URL) left no report that can be read; its log says why."
  elif [ "$(wc -c < grades.md)" -gt 60000 ]; then
    # A comment holds 65,536 characters. What is cut off is cut at a line.
    echo "The report is too long for a comment: this is its beginning. [The run]($RUN_URL) keeps all of it."
    echo
    head -c 60000 grades.md | sed '$d'
  else
    cat grades.md
  fi
} > comment.md
ids="$(gh api --paginate "repos/$REPOSITORY/issues/$NUMBER/comments?per_page=100" \\
  --jq '.[] | select(.user.login == "github-actions[bot]" and (.body | startswith("<!-- learn-backend grades -->"))) | .id')"
id="\${ids%%$'\\n'*}"
if [ -n "$id" ]; then
  gh api --method PATCH "repos/$REPOSITORY/issues/comments/$id" --field body=@comment.md --silent
else
  gh api --method POST "repos/$REPOSITORY/issues/$NUMBER/comments" --field body=@comment.md --silent
fi`

/** `.github/workflows/comment.yml`: may comment, and therefore runs nothing and believes nothing of the fork's. */
export function githubComment({ version }: CiOptions): string {
  return `# Comments the points under a pull request. Written by "learn-backend ci init github"; belongs into the base repository.
#
# This job may write comments, which grade.yml may not. GitHub takes it from the default branch, whatever a fork changes.
# It never checks anything out, and never runs anything of the artifact: it is read as data, checked against the schema
# of a report, and printed by the grader as Markdown that holds no markup, mention or link of the solution's.
# Which pull request it is about comes from GitHub, never from the artifact.
name: Comment grades

on:
  workflow_run:
    workflows: [Grade]
    types: [completed]

permissions:
  actions: read
  contents: read
  pull-requests: write

concurrency:
  group: comment-\${{ github.event.workflow_run.head_repository.full_name }}-\${{ github.event.workflow_run.head_branch }}

defaults:
  run:
    shell: bash

jobs:
  comment:
    if: \${{ github.event.workflow_run.event == 'pull_request' && github.event.workflow_run.conclusion != 'cancelled' }}
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    env:
      GH_TOKEN: \${{ github.token }}
      REPOSITORY: \${{ github.repository }}
      WORKFLOW: .github/workflows/grade.yml
    steps:
      # The run's name is no proof: a fork can add a workflow of the same name. Its path and the file's content are.
      - name: Find the pull request
        id: pull-request
        env:
          HEAD_REPOSITORY: \${{ github.event.workflow_run.head_repository.full_name }}
          HEAD_OWNER: \${{ github.event.workflow_run.head_repository.owner.login }}
          HEAD_BRANCH: \${{ github.event.workflow_run.head_branch }}
          HEAD_SHA: \${{ github.event.workflow_run.head_sha }}
          RUN_PATH: \${{ github.event.workflow_run.path }}
        run: |
${indent(findScript, 10)}

      - name: Set up Node.js
        if: \${{ steps.pull-request.outputs.genuine == 'true' }}
        uses: ${setupNode}
        with:
          node-version: 24
          package-manager-cache: false

      - name: Install the grader
        if: \${{ steps.pull-request.outputs.genuine == 'true' }}
        run: |
${indent(installScript('$RUNNER_TEMP/learn-backend', version), 10)}

      # What can't be read is said in the comment.
      - name: Read the report
        if: \${{ steps.pull-request.outputs.genuine == 'true' }}
        continue-on-error: true
        env:
          RUN_ID: \${{ github.event.workflow_run.id }}
        run: |
${indent(fetchScript, 10)}

      - name: Comment
        if: \${{ steps.pull-request.outputs.number != '' }}
        env:
          NUMBER: \${{ steps.pull-request.outputs.number }}
          GENUINE: \${{ steps.pull-request.outputs.genuine }}
          RUN_URL: \${{ github.event.workflow_run.html_url }}
        run: |
${indent(commentScript, 10)}
`
}

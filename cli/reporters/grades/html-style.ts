/** The page's looks: system fonts, light and dark, and one column on a phone. No text may reach beyond the screen. */
export const style = `
:root { color-scheme: light dark; --text: #1b1f24; --back: #ffffff; --soft: #57606a; --line: #d0d7de; --panel: #f3f5f7; --good: #116329; --bad: #b3122a; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --back: #0d1117; --soft: #9aa4ae; --line: #3a424b; --panel: #161b22; --good: #56d364; --bad: #ff8a82; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 64rem; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.25; }
h2 { margin-top: 2.5rem; }
h3 { display: inline; font-size: 1rem; }
a { color: inherit; }
:focus-visible { outline: 3px solid currentcolor; outline-offset: 2px; }
.sum { font-size: 1.25rem; }
.soft { color: var(--soft); }
.passed { color: var(--good); }
.failed { color: var(--bad); }
.skipped { color: var(--soft); }
table { border-collapse: collapse; width: 100%; }
caption { text-align: start; padding-block: .5rem; color: var(--soft); }
th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); text-align: start; vertical-align: top; }
.figure { text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums; }
details { margin: .5rem 0; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: .4rem; }
details details { border-width: 0 0 0 3px; border-radius: 0; }
summary { cursor: pointer; min-height: 1.75rem; }
dl { margin: .5rem 0; }
dt { color: var(--soft); }
dd { margin: 0 0 .5rem; }
pre { margin: 0; padding: .5rem; background: var(--panel); font: .875rem/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }
@media (max-width: 32rem) {
  body { padding: .75rem; }
  th, td { padding: .35rem .25rem; }
}
@media print { details > * { break-inside: avoid; } }
`

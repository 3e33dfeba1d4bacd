/**
 * Actions by commit: a tag can be moved to another commit, a commit can't. To take a newer one, look its commit up with
 * `git ls-remote https://github.com/actions/checkout 'refs/tags/v*'`, and change it in action.yml too: a test compares them.
 */
export const checkout = 'actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2'
export const setupNode = 'actions/setup-node@6044e13b5dc448c55e2357c09f80417699197238 # v6.2.0'
export const uploadArtifact = 'actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1'

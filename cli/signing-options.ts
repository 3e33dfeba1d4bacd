/** The option of commands that sign: {@link readSigningKey} reads them. */
export const signingOptions: [flags: string, description: string][] = [
  ['--sign-key-env <name>', 'sign the JSON with the key in this environment variable'],
  ['--sign-key <file>', 'sign the JSON with the key in this file (see "report keygen")'],
]

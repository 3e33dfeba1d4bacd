import type { Toolchain } from './toolchain.ts'

/** Not a language: files that configure a real server. There is nothing to build or to start. */
export const configuration: Toolchain = {
  id: 'config',
  name: 'configuration files',
  extensions: ['conf', 'cfg', 'yml', 'yaml'],
  mainFiles: ['nginx.conf', 'haproxy.cfg'],
  version: () => 'as they are',
  build: () => Promise.reject(new Error('configuration files are not built')),
}

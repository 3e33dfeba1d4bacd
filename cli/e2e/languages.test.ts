import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { cli, type CliResult, packageRoot } from './run-cli.ts'
import { emptyFolder, tinyCourse, tinyExercise } from './tiny-course.ts'
import { zipFile } from './zip-file.ts'

// Builds are done anew, by compilers, on machines that do other things as well.
const slow = { timeout: 180_000 }
const deadline = 120_000

const languages = ['ts', 'js', 'python', 'go', 'java'] as const

function solution(lang: string, id: 'ping' | 'echo', files: Record<string, string> = {}): string {
  const folder = emptyFolder()
  const known = lang === 'ts' || lang === 'js' ? tinyExercise(id, 'reference', lang) : languageFixture(lang, id)
  cpSync(known, folder, { recursive: true })
  write(folder, files)
  return folder
}

function languageFixture(...path: string[]): string {
  return join(packageRoot, 'fixtures/languages', ...path)
}

function write(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

function verify(id: 'ping' | 'echo', folder: string, env: Record<string, string> = {}): Promise<CliResult> {
  return cli(['verify', id, '--course', tinyCourse, '--solution', folder], { env, deadline })
}

/** A file of a solution with something in it replaced. */
function changed(lang: string, file: string, from: string, to: string): Record<string, string> {
  const text = readFileSync(languageFixture(lang, 'ping', file), 'utf8')
  expect(text).toContain(from)
  return { [file]: text.replace(from, to) }
}

test.each(languages)('a server and a command line program in %s get all points', slow, async (lang) => {
  for (const id of ['ping', 'echo'] as const) {
    const { exitCode, stdout } = await verify(id, solution(lang, id))
    expect(stdout).toMatch(/10 of 10 points · 5 of 5 steps/)
    expect(exitCode).toBe(0)
  }
})

test.each(['python', 'go', 'java'])('%s: what has not changed is not built again', slow, async (lang) => {
  const folder = solution(lang, 'echo')
  const XDG_CACHE_HOME = emptyFolder()
  const builds = () => readdirSync(join(XDG_CACHE_HOME, 'learn-backend/builds')).length
  await verify('echo', folder, { XDG_CACHE_HOME })
  expect(builds()).toBe(1)
  await verify('echo', folder, { XDG_CACHE_HOME })
  expect(builds()).toBe(1)
  write(folder, { 'notes.txt': 'more' })
  expect((await verify('echo', folder, { XDG_CACHE_HOME })).exitCode).toBe(0)
  expect(builds()).toBe(2)
})

// What a newcomer to a language does, and what must be seen of it.
const mistakes: [what: string, lang: string, files: () => Record<string, string>, shown: RegExp][] = [
  [
    'a syntax error',
    'python',
    () => changed('python', 'main.py', 'pings += 1', 'pings += '),
    /does not build[^]*main\.py:\d+:\d+ SyntaxError: invalid syntax/,
  ],
  [
    'a syntax error in a module',
    'python',
    () => ({ ...changed('python', 'main.py', 'import os', 'import os\nimport helper'), 'helper.py': 'def help(:\n' }),
    /does not build[^]*helper\.py:1:\d+ SyntaxError/,
  ],
  [
    'a package that is not there',
    'python',
    () => changed('python', 'main.py', 'import os', 'import os\nimport nowhere_to_be_found'),
    /The module\s+"nowhere_to_be_found"\s+is\s+not\s+there[^]*requirements\.txt/,
  ],
  [
    'an exception while answering',
    'python',
    () => changed('python', 'main.py', 'pings += 1', 'pings += one'),
    /closed before an answer[^]*NameError: name 'one' is not defined/,
  ],
  [
    'a compiler error',
    'go',
    () => changed('go', 'main.go', 'return 404', 'retrun 404'),
    /does not build[^]*main\.go:\d+:\d+ /,
  ],
  [
    'a module that is not there',
    'go',
    () => changed('go', 'main.go', '"log"', '"log"\n\t_ "github.com/google/uuid"'),
    /no required module provides package\s+github\.com\/google\/uuid[^]*go get\s+github\.com\/google\/uuid/,
  ],
  [
    'a panic while answering',
    'go',
    () => changed('go', 'main.go', 'atomic.AddInt64(&pings, 1)', 'var nowhere *int\n\t*nowhere++'),
    /nil pointer dereference[^]*main\.go:\d+/,
  ],
  [
    'a syntax error',
    'java',
    () => changed('java', 'Main.java', 'server.start();', 'server.start()'),
    /does not build[^]*Main\.java:\d+:\d+ ';' expected/,
  ],
  [
    'a type error',
    'java',
    () => changed('java', 'Main.java', 'return new Reply(404', 'return new Replay(404'),
    /Main\.java:\d+:\d+ cannot find symbol[^]*class Replay/,
  ],
  [
    'a library that is not there',
    'java',
    () => changed('java', 'Main.java', 'import java.io', 'import org.json.JSONObject;\nimport java.io'),
    /package org\.json does not exist[^]*lib\//,
  ],
  [
    'an exception at the start',
    'java',
    () =>
      changed(
        'java',
        'Main.java',
        'var address =',
        'if (args.length == 0) throw new IllegalStateException("oops");\n        var address =',
      ),
    /crashed before it listened[^]*IllegalStateException: oops[^]*Main\.java:\d+/,
  ],
]

test.each(mistakes)('%s in %s is told with its place', slow, async (_, lang, files, shown) => {
  const { exitCode, stdout } = await verify('ping', solution(lang, 'ping', files()))
  expect(stdout).toMatch(shown)
  expect(exitCode).toBe(1)
})

test('a compiler that is not installed is named, with what to type', slow, async () => {
  for (const [lang, says] of [
    ['go', /Go is not installed: there is no go on the PATH\.\nType: .*golang|Install Go/],
    ['java', /Java is not installed: there is no java on the PATH\./],
    ['python', /Python is not installed: there is no python3 on the PATH\./],
  ] as const) {
    const { exitCode, stderr } = await verify('echo', solution(lang, 'echo'), { PATH: emptyFolder(), JAVA_HOME: '' })
    expect(stderr).toMatch(says)
    expect(exitCode).toBe(3)
  }
})

test('an old compiler is refused with the version that is needed', async () => {
  const bin = emptyFolder()
  write(bin, { go: '#!/bin/sh\necho "go version go1.13.8 linux/amd64"\n' })
  await execa('chmod', ['+x', join(bin, 'go')])
  const { exitCode, stderr } = await verify('echo', solution('go', 'echo'), { PATH: `${bin}:/usr/bin:/bin` })
  expect(stderr).toMatch(/Go is too old: .*\/go is version 1\.13\.8, and 1\.19 or newer is needed/)
  expect(exitCode).toBe(3)
})

test('requirements.txt: what is missing is installed into .venv, once', slow, async () => {
  const wheels = emptyFolder()
  writeFileSync(
    join(wheels, 'shouting-1.0-py3-none-any.whl'),
    zipFile([
      ['shouting.py', 'def shout(text):\n    return text.upper()\n'],
      ['shouting-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n'],
      [
        'shouting-1.0.dist-info/WHEEL',
        'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
      ],
      ['shouting-1.0.dist-info/RECORD', ''],
    ]),
  )
  const text = readFileSync(languageFixture('python', 'echo', 'main.py'), 'utf8')
  const folder = solution('python', 'echo', {
    'main.py': text
      .replace('import sys', 'import sys\nfrom shouting import shout')
      .replace('" ".join(others).upper()', 'shout(" ".join(others))'),
    'requirements.txt': '# the loudest\nshouting >= 1.0\n',
  })
  const offline = { PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels }
  const first = await verify('echo', folder, offline)
  expect(readdirSync(join(folder, '.venv'))).toContain('bin')
  expect(first.stdout).toMatch(/10 of 10 points/)
  const second = await verify('echo', folder, { PIP_NO_INDEX: '1' })
  expect(second.stdout).toMatch(/10 of 10 points/)

  write(folder, { 'requirements.txt': 'shouting >= 2.0\n' })
  const third = await verify('echo', folder, offline)
  expect(third.stderr).toMatch(
    /shouting >= 2\.0 could not be installed in .*: .*No matching distribution|Could not find a version/,
  )
  expect(third.exitCode).toBe(3)
})

test('a Maven project is built as its pom.xml says, with its libraries', slow, async () => {
  const home = mavenHome()
  const echo = readFileSync(languageFixture('java', 'echo', 'Main.java'), 'utf8')
  const folder = emptyFolder()
  write(folder, {
    'pom.xml': pom,
    'src/main/java/org/example/App.java': echo
      .replace('import java.io', 'package org.example;\n\nimport org.apache.commons.lang3.StringUtils;\nimport java.io')
      .replace('class Main', 'class App')
      .replace('String.join(" ", others).toUpperCase(Locale.ROOT)', 'StringUtils.upperCase(String.join(" ", others))'),
  })
  const { stdout, stderr, exitCode } = await verify('echo', folder, { MAVEN_OPTS: `-Duser.home=${home}` })
  expect(stdout + stderr).toMatch(/10 of 10 points/)
  expect(exitCode).toBe(0)
  write(folder, {
    'src/main/java/org/example/Other.java': 'package org.example;\n\nclass Other {\n    int x = "1";\n}\n',
  })
  expect((await verify('echo', folder, { MAVEN_OPTS: `-Duser.home=${home}` })).stdout).toMatch(
    /src\/main\/java\/org\/example\/Other\.java:4:\d+\s+incompatible types/,
  )
})

test('a pom.xml beside Main.java brings its libraries', slow, async () => {
  const home = mavenHome()
  const echo = readFileSync(languageFixture('java', 'echo', 'Main.java'), 'utf8')
  const folder = solution('java', 'echo', {
    'pom.xml': pom,
    'Main.java': echo
      .replace('import java.io', 'import org.apache.commons.lang3.StringUtils;\nimport java.io')
      .replace('String.join(" ", others).toUpperCase(Locale.ROOT)', 'StringUtils.upperCase(String.join(" ", others))'),
  })
  const { stdout, stderr } = await verify('echo', folder, { MAVEN_OPTS: `-Duser.home=${home}` })
  expect(stdout + stderr).toMatch(/10 of 10 points/)
})

/** Debian's packages bring a repository with what Maven itself needs, and some libraries. */
function mavenHome(): string {
  const home = emptyFolder()
  const mirror = '<id>debian</id><mirrorOf>*</mirrorOf><url>file:///usr/share/maven-repo</url>'
  write(home, {
    '.m2/settings.xml': `<settings><localRepository>${home}/repository</localRepository><mirrors><mirror>${mirror}</mirror></mirrors></settings>`,
  })
  return home
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId>
  <artifactId>echo</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source>
    <maven.compiler.target>17</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    <dependency>
      <groupId>org.apache.commons</groupId>
      <artifactId>commons-lang3</artifactId>
      <version>debian</version>
    </dependency>
  </dependencies>
</project>
`

test('run.yaml: any other language, built or not', slow, async () => {
  expect((await verify('echo', languageFixture('ruby', 'echo'))).stdout).toMatch(/Ruby[^]*10 of 10 points/)
})

test.each([
  ['language: Ruby\n', /run\.yaml[^]*start/],
  ['start: ruby main.rb\nbiuld: make\n', /run\.yaml:2:1[^]*biuld/],
  ['start: [ruby, main.rb]\n', /run\.yaml:1:\d+[^]*one line of a shell/],
  ['start: rubby main.rb\n', /There is no program "rubby" on the PATH/],
  [
    'build: echo compiling; exit 3\nstart: ./main\n',
    /\$ echo compiling; exit 3\s+\|?\s*compiling\s+\|?\s*\(exit code 3/,
  ],
])('run.yaml: %j is told to be wrong', slow, async (text, shown) => {
  const { exitCode, stdout } = await verify('echo', solution('ruby', 'echo', { 'run.yaml': text }))
  expect(stdout).toMatch(shown)
  expect(exitCode).toBe(1)
})

test('files that starters share are placed beside them, and are nothing to edit', async () => {
  const cwd = emptyFolder()
  const { stdout } = await cli(['next', 'mongo-catalogue', '--lang', 'java', '--json'], { cwd })
  const next = JSON.parse(stdout) as { edit: string[]; placed: { created: string[] } }
  expect(next.placed.created).toEqual(['README.md', 'Main.java', 'Json.java'])
  expect(next.edit).toEqual([join(cwd, 'mongo-catalogue/Main.java')])
})

test('two main files in two languages are not chosen between', async () => {
  const { exitCode, stderr } = await verify('echo', solution('python', 'echo', { 'main.go': 'package main\n' }))
  expect(stderr).toMatch(/has a main\.py and a main\.go: it is not clear which is the program/)
  expect(exitCode).toBe(2)
})

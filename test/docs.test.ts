// The documents: their links and anchors lead somewhere, the files that they name exist, and their tables say what the code says.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'tap'
import { filesOf, textOf } from './harness/models/source-files.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
/** Reports are written by the benchmark. */
const DOCUMENTS = filesOf(/\.md$/).filter((path) => !path.startsWith('bench/report/'))

/** A document without its code blocks. */
const proseOf = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '')

/** The anchors of a document, as GitHub makes them of its headings. */
function anchorsOf (text: string): Set<string> {
  const headings = [...proseOf(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!)
  return new Set(headings.map((heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')))
}

/** The rows of the table below a heading row that begins so, cell by cell, without backticks. */
function tableOf (text: string, heading: string): string[][] {
  const lines = text.split('\n')
  const begin = lines.findIndex((line) => line.startsWith(heading))
  if (begin < 0) throw new Error(`there is no table ${heading}`)
  const rows = lines.slice(begin + 2)
  const end = rows.findIndex((line) => !line.startsWith('|'))
  return rows.slice(0, end < 0 ? undefined : end).map((line) => line.slice(1, -1).replaceAll('`', '').split(/(?<!\\)\|/).map((cell) => cell.trim()))
}

test('no link of a document leads nowhere', async (t) => {
  for (const path of DOCUMENTS) {
    const text = textOf(path)
    const targets = [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
    for (const target of targets.filter((target) => !/^[a-z]+:/.test(target))) {
      const [file = '', anchor] = target.split('#')
      const linked = file === '' ? path : normalize(join(dirname(path), file))
      t.ok(existsSync(join(ROOT, linked)), `${path} links to ${target}`)
      if (anchor !== undefined && linked.endsWith('.md') && existsSync(join(ROOT, linked))) {
        t.ok(anchorsOf(textOf(linked)).has(anchor), `${path} links to a heading: ${target}`)
      }
    }
  }
})

test('every file and folder of the project that a document names is there', async (t) => {
  for (const path of DOCUMENTS.filter((path) => path !== 'CHANGELOG.md')) {
    const names = [...proseOf(textOf(path)).matchAll(/`((?:src|lua|test|bench|deploy|docs|migrations|web|\.ci)\/[\w./-]*)`/g)]
    for (const [, name] of names) t.ok(existsSync(join(ROOT, name!)), `${path} names ${name}`)
  }
})

test('docs/architecture.md says what lint says about imports', async (t) => {
  // In a process without a TypeScript loader, which ESLint does not get on with.
  const print = "import { MAY_IMPORT } from './eslint.config.js'\nconsole.log(JSON.stringify(MAY_IMPORT))"
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', print], { cwd: ROOT })
  const MAY_IMPORT = JSON.parse(stdout) as Record<string, string[][]>
  const listOf = (names: readonly string[]) => names.length === 0 ? 'none' : names.join(', ')
  const rows = Object.entries(MAY_IMPORT).map(([folder, [own = [], packages = []]]) => [folder, listOf(own), listOf(packages)])
  t.strictSame(tableOf(textOf('docs/architecture.md'), '| folder or file of `src/`'), rows)
})

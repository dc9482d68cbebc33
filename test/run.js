// Runs tests: compiles them into build/, runs each file in a process of its own, and ends with the totals of all.
// node test/run.js [--unit | --slow] [--jobs=N] [--timeout=SECONDS] [--grep=TEXT] [--verbose] [--list] [PATH ...]
//
// The runner of tap would compile each file as it is loaded and read the line lengths of each of some 1,000
// modules, for a coverage
// that is measured otherwise: 2 s of CPU for each file.
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isUnit } from './unit.js'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const BUILD = join(ROOT, 'build')
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
const COMPILED = ['src', 'test', 'bench']
/** What the sources find beside `src/`. */
const LINKED = ['dist', 'lua', 'migrations', 'package.json', 'redis.conf']
/** How long each file took when it ran last: the longest begin first. */
const TIMES = join(BUILD, '.times.json')
/** What a file that was told to end has for it, to say what it was doing. */
const GRACE_MS = 10_000

/** The files below a folder of the project, as paths from its root. */
function filesBelow (folder) {
  return readdirSync(join(ROOT, folder), { recursive: true }).map((file) => join(folder, file).replaceAll(sep, '/'))
}

/** What is compiled of a source; a source that is not compiled has none. */
const compiledOf = (path) => path.replace(/\.ts$/, '.js')

/**
 * Builds the browser's modules and compiles the sources into build/, without what is left of sources that are gone.
 * Returns whether that succeeded.
 */
function compile () {
  mkdirSync(BUILD, { recursive: true })
  for (const name of LINKED) {
    if (!lstatSync(join(BUILD, name), { throwIfNoEntry: false })) symlinkSync(join('..', name), join(BUILD, name))
  }
  const current = new Set(COMPILED.flatMap(filesBelow).map(compiledOf))
  for (const folder of COMPILED.filter((name) => existsSync(join(BUILD, name)))) {
    for (const path of filesBelow(join('build', folder)).filter((file) => file.endsWith('.js'))) {
      if (!current.has(path.slice('build/'.length))) rmSync(join(ROOT, path))
    }
  }
  const scripts = [['build.js', 'web'], [TSC, '--project', 'tsconfig.test.json']]
  return scripts.every((script) => spawnSync(process.execPath, script, { cwd: ROOT, stdio: 'inherit' }).status === 0)
}

/** The test files that the words name, or all of a kind. */
function choose (words, { unit, slow }) {
  const kind = slow ? /\.slow\.ts$/ : /\.test\.ts$/
  const all = filesBelow('test').filter((path) => kind.test(path) && (!unit || isUnit(path)))
  if (words.length === 0) return all
  return words.flatMap((word) => {
    const path = relative(ROOT, resolve(word)).replaceAll(sep, '/')
    if (statSync(join(ROOT, path)).isDirectory()) return all.filter((file) => file.startsWith(`${path}/`))
    return [path]
  })
}

/** How long files took, by their paths; nothing where they never ran. */
function readTimes () {
  try {
    return JSON.parse(readFileSync(TIMES, 'utf8'))
  } catch {
    return {}
  }
}

/** Runs one file to its end. Its totals are those of its last line. */
async function run (path, { timeoutMs, grep }) {
  const startMs = performance.now()
  const child = spawn(process.execPath, ['--enable-source-maps', join('build', compiledOf(path))], {
    cwd: ROOT,
    env: { ...process.env, TAP_TIMEOUT: String(timeoutMs / 1000), ...(grep !== undefined && { TAP_GREP: grep }) },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  }
  let isLate = false
  const timers = [
    setTimeout(() => {
      isLate = true
      child.kill('SIGTERM')
    }, timeoutMs + GRACE_MS),
    setTimeout(() => child.kill('SIGKILL'), timeoutMs + 2 * GRACE_MS)
  ]
  const end = await new Promise((resolve) =>
    child.once('close', (code, signal) => resolve(isLate ? 'timeout' : signal ?? code))
  )
  for (const timer of timers) clearTimeout(timer)
  const [, totals = ''] = /^# \{ (total: .*) \}$/m.exec(output) ?? []
  const count = (name) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(totals)?.[1] ?? 0)
  const isOk = end === 0 && totals !== '' && count('fail') === 0
  // A file that ended before its totals, or ended badly in spite of them, is one failure more.
  const fail = count('fail') + (isOk || count('fail') > 0 ? 0 : 1)
  return {
    path,
    isOk,
    end,
    output,
    total: Math.max(count('total'), count('pass') + fail),
    pass: count('pass'),
    fail,
    skip: count('skip'),
    todo: count('todo'),
    ms: performance.now() - startMs
  }
}

/** The line of a file's result, after everything that it said where that matters. */
function report (n, { path, isOk, end, output, ms }, isVerbose) {
  const said = isOk && !isVerbose ? '' : `# Subtest: ${path}\n${output.trimEnd().replace(/^(?=.)/gm, '    ')}\n`
  const why = isOk || end === 0 || end === 1 ? '' : `  ---\n  ended with: ${end}\n  ...\n`
  process.stdout.write(`${said}${isOk ? 'ok' : 'not ok'} ${n} - ${path} # time=${ms.toFixed(0)}ms\n${why}`)
}

async function main () {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      unit: { type: 'boolean', default: false },
      slow: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      jobs: { type: 'string', default: String(2 * availableParallelism()) },
      timeout: { type: 'string', default: '300' },
      grep: { type: 'string' }
    }
  })
  const files = choose(positionals, values)
  if (values.list) return process.stdout.write(files.map((file) => `${file}\n`).join(''))
  if (!compile()) return process.exit(1)

  const startMs = performance.now()
  const times = readTimes()
  const queue = files.toSorted((one, other) => (times[other] ?? Infinity) - (times[one] ?? Infinity))
  const results = []
  process.stdout.write('TAP version 14\n')
  const worker = async () => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      const result = await run(path, { timeoutMs: Number(values.timeout) * 1000, grep: values.grep })
      report(results.push(result), result, values.verbose)
      times[path] = Math.round(result.ms)
    }
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, worker))

  writeFileSync(TIMES, JSON.stringify(times))
  const sum = (name) => results.reduce((total, result) => total + result[name], 0)
  const totals = ['total', 'pass', 'fail', 'skip', 'todo'].map((name) => [name, sum(name)]).filter(([name, n]) =>
    n > 0 || name === 'total'
  )
  process.stdout.write(
    `1..${results.length}\n# { ${totals.map(([name, n]) => `${name}: ${n}`).join(', ')} }\n# time=${
      (performance.now() - startMs).toFixed(0)
    }ms\n`
  )
  if (results.length === 0 || results.some(({ isOk }) => !isOk)) process.exit(1)
}

await main()

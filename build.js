// Builds what has changed since the last build, the service and the browser's modules: `node build.js [service|web]`.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('.', import.meta.url))
const TSC = join('node_modules', 'typescript', 'bin', 'tsc')
/** What each target is made by, beside its own inputs. */
const TOOLS = ['build.js', 'package-lock.json', 'tsconfig.json']

/**
 * Each target: the files and folders that it is made from, the folders that it fills alone, and the scripts that
 * make it, each with its arguments.
 */
const TARGETS = {
  service: {
    inputs: ['src', 'tsconfig.build.json'],
    outputs: [],
    scripts: [[TSC, '-p', 'tsconfig.build.json']]
  },
  web: {
    inputs: ['web', join('src', 'live', 'messages.ts')],
    outputs: [join('dist', 'web'), join('dist', 'types')],
    scripts: [[TSC, '-p', 'web'], [join('web', 'bundle.js')]]
  }
}

const pathOf = (name) => join(ROOT, name)

/** The files of a folder, or the file itself, in an order that is the same on every system. */
function filesOf (name) {
  if (statSync(pathOf(name)).isFile()) return [name]
  const below = readdirSync(pathOf(name), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return below.map(({ parentPath, name: file }) => join(parentPath, file).slice(ROOT.length)).sort()
}

function hashOf (target) {
  const hash = createHash('sha256')
  for (const file of [...TOOLS, ...TARGETS[target].inputs].flatMap(filesOf)) {
    hash.update(`${file.split(sep).join('/')}\0`).update(readFileSync(pathOf(file))).update('\0')
  }
  return hash.digest('hex')
}

/** Where the hash of the inputs of the last build is. */
const recordOf = (target) => pathOf(join('dist', `.${target}.sha256`))

/** The targets whose inputs are not those of their last build. */
export function staleTargets () {
  return Object.keys(TARGETS).filter((target) => {
    const record = recordOf(target)
    return !existsSync(record) || readFileSync(record, 'utf8') !== hashOf(target)
  })
}

/** Builds a target and returns whether that succeeded; what went wrong is printed. */
export function build (target) {
  const { outputs, scripts } = TARGETS[target]
  const hash = hashOf(target)
  rmSync(recordOf(target), { force: true })
  for (const output of outputs) rmSync(pathOf(output), { recursive: true, force: true })
  const run = (script) => spawnSync(process.execPath, script, { cwd: ROOT, stdio: 'inherit' })
  const isBuilt = scripts.every((script) => run(script).status === 0)
  if (!isBuilt) return false
  if (target === 'service') chmodSync(pathOf(join('dist', 'main.js')), 0o755)
  mkdirSync(pathOf('dist'), { recursive: true })
  writeFileSync(recordOf(target), hash)
  return true
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , only] = process.argv
  const targets = staleTargets().filter((target) => only === undefined || target === only)
  if (!targets.every(build)) process.exitCode = 1
}

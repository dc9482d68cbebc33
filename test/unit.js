// Which test files are unit tests: those that start no server, as their imports show.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
/** Where tests start processes: with the harness, or by themselves. */
const STARTS_PROCESSES = /^test\/harness\/servers\/|^(node:child_process|playwright-core)$/
const reaches = new Map()

/** What a file imports when it runs, without types. */
function importsOf (path) {
  const text = readFileSync(join(ROOT, path), 'utf8')
  return [
    ...text.matchAll(/^(?:import|export) (?!type\b)(?:[^'"\n]*|\{[^}]*\}) ?(?:from )?'([^']+)'/gm),
    ...text.matchAll(/\bimport\('([^']+)'\)/g)
  ]
    .map(([, name]) => name.startsWith('.') ? normalize(join(dirname(path), name)) : name)
}

/** Whether a file, or a file of the project that it imports, can start a process. */
function startsProcesses (path) {
  if (STARTS_PROCESSES.test(path)) return true
  if (!existsSync(join(ROOT, path)) || !path.endsWith('.ts')) return false
  if (!reaches.has(path)) {
    reaches.set(path, false) // until it is known, for files that import each other
    reaches.set(path, importsOf(path).some(startsProcesses))
  }
  return reaches.get(path)
}

/** Whether a test file starts no server: then it needs nothing of the machine but Node. */
export const isUnit = (path) => !startsProcesses(path)

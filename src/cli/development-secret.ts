import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const FILE = 'jwt-secret'

/** The secret of the service that keeps its data here. @throws Error when no service has made one yet */
export function readDevelopmentSecret (dataDir: string): string {
  try {
    return readFileSync(join(dataDir, FILE), 'utf8').trim()
  } catch {
    throw new Error(`There is no secret in ${resolve(dataDir)} yet: start the service first, or set DATA_DIR or JWT_SECRET to the service's.`)
  }
}

/** The secret that signs tokens outside production, made once and kept beside the data for its owner alone. */
export function makeDevelopmentSecret (dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  try {
    // `wx`: whoever comes first writes it, everybody else reads it.
    writeFileSync(join(dataDir, FILE), randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  return readDevelopmentSecret(dataDir)
}

// The secret that signs tokens outside production, kept beside the data.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const FILE = 'jwt-secret'

/** The secret of the service whose data are in this folder. @throws Error when no service has made one yet */
export function readDevelopmentSecret (dataDir: string): string {
  try {
    return readFileSync(join(dataDir, FILE), 'utf8').trim()
  } catch {
    const place = resolve(dataDir)
    const remedy = "start the service first, or set DATA_DIR or JWT_SECRET to the service's"
    throw new Error(`There is no secret in ${place} yet: ${remedy}.`)
  }
}

/** The secret of this folder. It is made once, and only the owner of the folder can read it. */
export function makeDevelopmentSecret (dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  try {
    // `wx`: the first process writes the file, and later ones read it.
    writeFileSync(join(dataDir, FILE), randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  return readDevelopmentSecret(dataDir)
}

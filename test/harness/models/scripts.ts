// A copy of `lua/`, or of another copy, with one fault in it: in the script, the sound line is replaced by a faulty.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Test } from 'tap'
import { ROOT } from '../paths.ts'

export const LUA = pathToFileURL(join(ROOT, 'lua/'))

export interface Fault {
  readonly script: string
  readonly sound: string
  readonly faulty: string
}

/**
 * A copy of `lua/`, or of another copy, with one fault in it: in the script, the sound line is replaced by a faulty
 * one.
 */
export async function plantFault (t: Test, { script, sound, faulty }: Fault, from = LUA): Promise<URL> {
  const directory = await mkdtemp(join(tmpdir(), 'scorewire-fault-'))
  t.teardown(async () => await rm(directory, { recursive: true, force: true }))
  await cp(from, directory, { recursive: true })
  const file = join(directory, script)
  const source = await readFile(file, 'utf8')
  if (source.split(sound).length !== 2) throw new Error(`${script} does not hold ${JSON.stringify(sound)} just once`)
  await writeFile(file, source.replace(sound, () => faulty))
  return pathToFileURL(`${directory}/`)
}

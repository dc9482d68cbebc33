// setup.js as npm calls it: what it says, and that SCOREWIRE_SETUP=check leaves the machine alone.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { test, type Test } from 'tap'
import { ROOT } from './harness/paths.ts'

const FILES = ['build.js', 'setup.js', 'package.json', 'package-lock.json'] as const

/** A folder that has what setup.js reads, and no packages. */
function cloneWithoutPackages (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'scorewire-setup-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  for (const file of FILES) cpSync(join(ROOT, file), join(folder, file))
  return folder
}

function setup (t: Test, mode: string): { status: number | null, stderr: string } {
  const folder = cloneWithoutPackages(t)
  const { status, stderr } = spawnSync(process.execPath, ['setup.js', '--test'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, SCOREWIRE_SETUP: mode }
  })
  t.strictSame(readdirSync(folder).sort(), [...FILES].sort(), 'nothing was installed or built')
  return { status, stderr }
}

test('SCOREWIRE_SETUP=check lists what is missing and installs nothing', async (t) => {
  const { status, stderr } = setup(t, 'check')
  t.equal(status, 1)
  t.match(stderr, /^scorewire: SCOREWIRE_SETUP=check found something missing:\n- install the packages: npm ci\n/)
})

test('another value of SCOREWIRE_SETUP is refused', async (t) => {
  const { status, stderr } = setup(t, 'maybe')
  t.equal(status, 1)
  t.equal(stderr, 'scorewire: SCOREWIRE_SETUP must be install or check\n')
})

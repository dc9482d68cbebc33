// Runs before the tests (.taprc): builds the browser's modules when they have changed, so that no test sees old ones.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

// The variable keeps the build itself out of the coverage of the tests.
const env = { ...process.env, _TAPJS_PROCESSINFO_COVERAGE_: '0' }
const cwd = fileURLToPath(new URL('..', import.meta.url))
process.exitCode = spawnSync(process.execPath, ['build.js', 'web'], { cwd, env, stdio: 'inherit' }).status ?? 1

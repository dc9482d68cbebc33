// The program `scorewire` as tests start it: what `npm test` has built, else the sources.
import { fileURLToPath } from 'node:url'

const path = (file: string) => fileURLToPath(new URL(`../../../${file}`, import.meta.url))

/**
 * Node's arguments that start `scorewire`. `npm test` builds first and says so by SCOREWIRE_BUILT, which starts a
 * process in half the CPU time; a test that is run by itself takes the sources, so that no build can be stale.
 */
export const MAIN: readonly string[] = process.env['SCOREWIRE_BUILT'] === '1'
  ? [path('dist/main.js')]
  : ['--import=tsx', path('src/main.ts')]

// The program `scorewire` as tests start it: compiled where they are, else from the sources.
import { join } from 'node:path'
import { HERE, isCompiled } from '../paths.ts'

/**
 * Node's arguments that start `scorewire`. Compiled, as `npm test` runs the tests, it starts in a fifth of the CPU
 * time.
 */
export const MAIN: readonly string[] = isCompiled
  ? [join(HERE, 'src/main.js')]
  : ['--import=tsx', join(HERE, 'src/main.ts')]

// The version of the program.
import { readFileSync } from 'node:fs'

/** As package.json has it, which is beside `src/` and beside `dist/`. */
export const VERSION: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

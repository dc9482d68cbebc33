// Where the tests find the project's files: they run from the sources, and from what is compiled of them into build/.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Whether this is what `test/run.js` has compiled. */
export const isCompiled = import.meta.url.endsWith('.js')
/** The folder that holds `src` and `test`, of the project or of its build. */
export const HERE = fileURLToPath(new URL('../../', import.meta.url))

/** The folder of the project. */
export const ROOT = isCompiled ? join(HERE, '..') : HERE

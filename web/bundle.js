// Bundles the browser's modules into dist/web/, which the service serves, and copies the files of the page there.
import { cpSync, mkdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { build } from 'esbuild'

const WEB = import.meta.dirname
const SRC = join(WEB, 'src')
const DIST = join(WEB, '..', 'dist', 'web')

/** What a page can load by its address. Each becomes one file, however many it is made of. */
const MODULES = ['client', 'live-scoreboard', 'page']
const FILES = ['index.html', 'page.css', 'favicon.svg']

/** Lets these modules import each other as the files that they become, so that a page has one copy of each. */
const oneCopy = {
  name: 'one copy of each module',
  setup ({ onResolve }) {
    onResolve({ filter: /\.ts$/ }, ({ kind, path, resolveDir }) => {
      const name = relative(SRC, resolve(resolveDir, path)).replace(/\.ts$/, '')
      return kind !== 'entry-point' && MODULES.includes(name) ? { path: `./${name}.js`, external: true } : undefined
    })
  }
}

await build({
  entryPoints: MODULES.map((name) => join(SRC, `${name}.ts`)),
  outdir: DIST,
  bundle: true,
  plugins: [oneCopy],
  format: 'esm',
  target: 'es2022',
  minify: true,
  keepNames: true, // in the browser's console an object shows the name of its class
  sourcemap: true,
  logLevel: 'warning'
})
mkdirSync(DIST, { recursive: true })
for (const file of FILES) cpSync(join(WEB, file), join(DIST, file))

// The modules as a bundler and a compiler find them, in a project that has scorewire among its packages.
import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test, type Test } from 'tap'
import { ROOT } from '../harness/paths.ts'

const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
const run = promisify(execFile)

const CONSUMER = `
import { ScoreboardClient, type Scoreboard } from 'scorewire/client'
import { LiveScoreboard } from 'scorewire/live-scoreboard'

const client = new ScoreboardClient({ src: 'https://scores.example', board: 'main', window: 'all', token: async () => 'a.b.c', me: true, feed: 'scores', transport: 'auto' })
client.addEventListener('board', ({ detail }) => { const board: Scoreboard = detail; console.log(board.top_scores[0]?.username.length) })
client.addEventListener('state', ({ detail: { state, code } }) => { const text: 'connecting' | 'live' | 'stale' | 'offline' | 'ended' = state; console.log(text, code?.toFixed()) })
client.addEventListener('you', ({ detail: { rank } }) => console.log(rank === null ? 'none' : rank.toFixed()))
client.addEventListener('scores', ({ detail: { changes, missed } }) => console.log(changes.length, missed === true))
const age: number | undefined = client.ageMs
client.close()

const element = document.querySelector('live-scoreboard')!
element.labels = { player: 'Wer', leads: { one: '{name}: {score}', other: '{name}: {score}' } }
element.limit = 5
element.addEventListener('board', ({ detail }) => console.log(detail.version, age))
element.addEventListener('click', ({ clientX }) => console.log(clientX, element instanceof LiveScoreboard))
`

const MISTAKES = `
import { ScoreboardClient } from 'scorewire/client'
new ScoreboardClient({ transport: 'pigeon' })
new ScoreboardClient().board = undefined
new ScoreboardClient().addEventListener('board', ({ detail }) => detail.scores)
document.createElement('live-scoreboard').limit = 'five'
`

/** A folder of somebody's project in which `npm install` has put scorewire. */
async function project (t: Test, files: Record<string, string>): Promise<string> {
  const directory = t.testdir({ 'package.json': '{ "type": "module" }', ...files })
  await mkdir(join(directory, 'node_modules'))
  await symlink(ROOT, join(directory, 'node_modules', 'scorewire'))
  return directory
}

test('both modules can be imported where there is no browser, as bundlers and servers do', async (t) => {
  const cwd = await project(t, {
    'main.js':
      "import { ScoreboardClient } from 'scorewire/client'; import { LiveScoreboard } from 'scorewire/live-scoreboard'; console.log(ScoreboardClient.name, LiveScoreboard.name)"
  })
  const { stdout } = await run(process.execPath, ['main.js'], { cwd })
  t.equal(stdout, 'ScoreboardClient LiveScoreboard\n')
  await writeFile(join(cwd, 'inner.js'), "import 'scorewire/dist/main.js'")
  await t.rejects(run(process.execPath, ['inner.js'], { cwd }), /ERR_PACKAGE_PATH_NOT_EXPORTED/, 'and nothing else')
})

for (const resolution of [{ module: 'esnext', moduleResolution: 'bundler' }, { module: 'nodenext' }]) {
  test(`the types are there and right (${resolution.module})`, async (t) => {
    const compilerOptions = {
      ...resolution,
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: true,
      target: 'es2023',
      lib: ['es2023', 'dom', 'dom.iterable'],
      types: []
    }
    const cwd = await project(t, {
      'right.ts': CONSUMER,
      'wrong.ts': MISTAKES,
      'tsconfig.json': JSON.stringify({ compilerOptions })
    })
    const { stdout } = await run(process.execPath, [TSC], { cwd }).catch((failed: { stdout: string }) => failed)
    const complaints = stdout.split('\n').filter((line) => /^\S/.test(line)).map((line) =>
      /^(\w+\.ts)\((\d+)/.exec(line)?.slice(1).join(' ') ?? line
    )
    t.strictSame(complaints, ['wrong.ts 3', 'wrong.ts 4', 'wrong.ts 5', 'wrong.ts 6'])
  })
}

// House rules of Lua scripts: each opens with its contract, and does what the contract says.
import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { test } from 'tap'
import { Type } from 'typebox'
import { MAX_FORMER, sortedSegments } from '../../src/leaderboard/boards/segment.ts'
import { bindScript } from '../../src/redis/scripts.ts'
import { LUA } from '../harness/models/scripts.ts'
import { startRedis } from '../harness/servers/redis.ts'

/** The numbers that follow `KEYS[` or `ARGV[` in a text; `[5..]` stands for all from 5. */
function indexesOf (list: string, text: string): string[] {
  return [...new Set([...text.matchAll(new RegExp(`${list}\\[(\\d+(?:\\.\\.)?)\\]`, 'g'))].map(([, index]) => index!))]
}

test('each script opens with its contract, binds it once, and does what the contract says', async (t) => {
  for (
    const path of (await readdir(LUA, { recursive: true })).filter((file) =>
      file.endsWith('.lua') && !file.startsWith('lib/')
    )
  ) {
    const source = await readFile(new URL(path, LUA), 'utf8')
    const name = basename(path)
    const lines = source.split('\n')
    const headerEnd = lines.findIndex((line, n) => n > 0 && !line.startsWith('--'))
    const header = lines.slice(0, headerEnd).join('\n')
    const body = lines.slice(headerEnd).filter((line) => !line.trim().startsWith('--')).join('\n')
    t.match(lines[0], /^#!lua( flags=no-writes)?$/, `${name} opens with its kind`)
    t.match(header, new RegExp(`^#!.*\\n-- ${name.replace('.lua', '')}: [^]+?[.:]\\n--`), `${name} says what it does`)
    t.match(header, /^-- Returns /m, `${name} says what it returns`)
    t.equal(
      name.startsWith('read-'),
      lines[0] === '#!lua flags=no-writes',
      `${name} ${name.startsWith('read-') ? 'writes nothing' : 'writes'}`
    )
    for (const list of ['KEYS', 'ARGV']) {
      const promised = indexesOf(list, header)
      const open = promised.find((index) => index.endsWith('..'))
      const used = indexesOf(list, body)
      t.strictSame(
        used.filter((index) => !promised.includes(index)),
        [],
        `${name} uses no ${list} that its header leaves out`
      )
      t.strictSame(
        promised.filter((index) => index !== open && !used.includes(index)),
        [],
        `${name} uses every ${list} of its header`
      )
      const whole = body.replace(new RegExp(`${list}\\[\\d+\\]`, 'g'), '')
      t.equal(
        new RegExp(`\\b${list}\\b`).test(whole),
        open !== undefined,
        `${name}: more ${list} only where the header promises more`
      )
    }
    for (const [, returned] of header.slice(header.indexOf('-- Returns')).matchAll(/'([a-z_]+)'/g)) {
      t.match(body, new RegExp(`'${returned}[' ]`), `${name} can return ${returned}`)
    }
  }
})

test('Lua sorts by bytes: `<` follows the locale that the server was started with', async (t) => {
  const redis = await startRedis(t)
  const library = await readFile(new URL('lib/segments.lua', LUA), 'utf8')
  const awkward = ['a-b', 'ab', 'aa', 'zü', 'z', 'zB', 'za', 'za\u0301', 'Z', '🏆', 'a', 'z10', 'z1'].map((name) =>
    `${name}:x`
  )
  const sorted = await redis.client.eval(
    `${library}\nreturn segments.merge({}, cjson.decode(ARGV[1]))`,
    0,
    JSON.stringify(awkward)
  )
  t.strictSame(sorted, sortedSegments(awkward), 'as TypeScript does')
  for (const path of await readdir(LUA, { recursive: true })) {
    if (path.endsWith('.lua')) {
      t.notMatch(
        await readFile(new URL(path, LUA), 'utf8'),
        /table\.sort\([^,()]*\)/,
        `${path} gives every sort its order`
      )
    }
  }
})

test('what Lua and TypeScript both know is the same', async (t) => {
  const [, former] = /MAX_FORMER = (\d+)/.exec(await readFile(new URL('lib/segments.lua', LUA), 'utf8')) ?? []
  t.equal(Number(former), MAX_FORMER, 'former segments that are remembered')
})

test('a call is held against the header of its script', async (t) => {
  const { client } = await startRedis(t)
  const script = bindScript(client, 'boards/unlist-board', { reply: Type.Enum(['unlisted', 'last']) })
  await client.zadd('registry', 1, 'one', 2, 'two')
  t.equal(await script({ registry: 'registry' }, { board: 'one' }), 'unlisted', 'by name')
  t.equal(await script(['registry'], ['two']), 'last', 'in order')
  await t.rejects(script({}, { board: 'one' }), { message: 'boards/unlist-board.lua: KEYS registry is missing' })
  await t.rejects(script({ registry: 'registry', meta: 'meta' }, { board: 'one' }), {
    message: 'boards/unlist-board.lua has no KEYS meta'
  })
  await t.rejects(script(['registry'], ['one', 'two']), { message: 'boards/unlist-board.lua takes 1 ARGV, not 2' })
  await t.rejects(script(['registry'], { board: 'one', rest: ['two'] }), {
    message: 'boards/unlist-board.lua takes no more ARGV than its header names'
  })
  t.throws(() => bindScript(client, 'boards/unlist-board', { reply: Type.Enum(['unlisted', 'gone']) }), {
    message: /promises no reply 'gone'/
  })
})

test('a script that a rebuild replays names its twin', async (t) => {
  for (const path of await readdir(LUA, { recursive: true })) {
    if (!path.endsWith('.lua') || path.startsWith('lib/')) continue
    const source = await readFile(new URL(path, LUA), 'utf8')
    // What it writes to the ledger is replayed; a repair writes what the ledger says already.
    const isReplayed = source.includes('boards.log(') && !path.endsWith('repair-user.lua')
    t.equal(source.includes('src/leaderboard/ledger/fold.ts'), isReplayed, path)
  }
})

// House rules of Lua scripts: each opens with its contract, and does what the contract says.
import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { test } from 'tap'
import { LUA } from '../harness/models/scripts.ts'

/** The numbers that follow `KEYS[` or `ARGV[` in a text; `[5..]` stands for all from 5. */
function indexesOf (list: string, text: string): string[] {
  return [...new Set([...text.matchAll(new RegExp(`${list}\\[(\\d+(?:\\.\\.)?)\\]`, 'g'))].map(([, index]) => index!))]
}

test('each script opens with its contract, binds it once, and does what the contract says', async (t) => {
  for (const path of (await readdir(LUA, { recursive: true })).filter((file) => file.endsWith('.lua') && !file.startsWith('lib/'))) {
    const source = await readFile(new URL(path, LUA), 'utf8')
    const name = basename(path)
    const lines = source.split('\n')
    const headerEnd = lines.findIndex((line, n) => n > 0 && !line.startsWith('--'))
    const header = lines.slice(0, headerEnd).join('\n')
    const body = lines.slice(headerEnd).filter((line) => !line.trim().startsWith('--')).join('\n')
    t.match(lines[0], /^#!lua( flags=no-writes)?$/, `${name} opens with its kind`)
    t.match(lines[1], new RegExp(`^-- ${name.replace('.lua', '')}: .+[.:]$`), `${name} says what it does`)
    t.match(header, /^-- Returns /m, `${name} says what it returns`)
    t.equal(name.startsWith('read-'), lines[0] === '#!lua flags=no-writes', `${name} ${name.startsWith('read-') ? 'writes nothing' : 'writes'}`)
    for (const list of ['KEYS', 'ARGV']) {
      const promised = indexesOf(list, header)
      const open = promised.find((index) => index.endsWith('..'))
      const used = indexesOf(list, body)
      t.strictSame(used.filter((index) => !promised.includes(index)), [], `${name} uses no ${list} that its header leaves out`)
      t.strictSame(promised.filter((index) => index !== open && !used.includes(index)), [], `${name} uses every ${list} of its header`)
      const whole = body.replace(new RegExp(`${list}\\[\\d+\\]`, 'g'), '')
      t.equal(new RegExp(`\\b${list}\\b`).test(whole), open !== undefined, `${name}: more ${list} only where the header promises more`)
    }
    for (const [, returned] of header.slice(header.indexOf('-- Returns')).matchAll(/'([a-z_]+)'/g)) {
      t.match(body, new RegExp(`'${returned}[' ]`), `${name} can return ${returned}`)
    }
  }
})

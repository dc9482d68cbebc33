// What the log says of errors.
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { test } from 'tap'
import { HERE, isCompiled } from '../harness/paths.ts'

const LOG = JSON.stringify(`${HERE}src/cli/log.${isCompiled ? 'js' : 'ts'}`)
const PROGRAM = `
  const { createLog } = await import(${LOG})
  const log = createLog({ logLevel: 'info', logFormat: process.argv[1] }, false)
  const cause = new Error('closed')
  const more = { code: 'ERR', command: { name: 'webhook-apply', args: ['whsec_canary'] } }
  log.warn({ err: Object.assign(new TypeError('refused', { cause }), more) }, 'webhooks paused')`

test('an error in the log has its message, code and stack, and no argument of a command', async (t) => {
  for (const format of ['json', 'pretty']) {
    const flags = isCompiled ? [] : ['--import=tsx']
    const child = spawn(process.execPath, [...flags, '--input-type=module', '--eval', PROGRAM, format])
    let out = ''
    child.stdout.on('data', (data) => { out += String(data) })
    t.strictSame(await once(child, 'close'), [0, null])
    for (const said of [/webhooks paused/, /TypeError/, /refused/, /ERR/, /closed/, /at /]) t.match(out, said, format)
    t.notMatch(out, /canary|webhook-apply/, format)
  }
})

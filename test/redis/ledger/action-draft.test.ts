// Actions to be remembered are gathered by their slots, more of them than may wait.
import { test } from 'tap'
import { boardKeys, actionDigest } from '../../../src/redis/keys.ts'
import { ActionDraft } from '../../../src/redis/ledger/action-draft.ts'

const keys = boardKeys('main')

test('every record is handed out once, with the others of its slot, in order', async (t) => {
  let full = 0
  const draft = new ActionDraft(({ day, digest }) => ({ slot: keys.actions(day, digest), untilMs: day * 1000 }))
  const [found, expected] = [new Map<string, string>(), new Map<string, string>()]
  const take = () => {
    const slots = draft.take()
    t.equal(new Set(slots.map(({ slot }) => slot)).size, slots.length, 'each slot once')
    for (const { slot, untilMs, lines } of slots) {
      if (!slot.startsWith(`sw:{main}:actions:${untilMs / 1000}:`)) t.fail(`${slot} until ${untilMs}`)
      found.set(slot, (found.get(slot) ?? '') + lines)
    }
  }
  for (let n = 0; n < 500_000; n++) {
    const record = {
      day: 20_000 + n % 2,
      digest: actionDigest('ada', `action-${n}`),
      record: `${n} 5${n % 5 === 0 ? ' @a-season' : ''}`
    }
    const slot = keys.actions(record.day, record.digest)
    expected.set(slot, `${expected.get(slot) ?? ''}${record.digest} ${record.record}\n`)
    if (draft.isFull) {
      full++
      take()
      t.notOk(draft.isFull)
    }
    draft.add(record)
  }
  take()
  t.equal(full, 1)
  t.equal(found.size, expected.size)
  t.equal([...expected].filter(([slot, lines]) => found.get(slot) !== lines).length, 0)
  t.strictSame(draft.take(), [], 'and then there is none')
})

test('what is long does not overflow', async (t) => {
  const draft = new ActionDraft(({ day, digest }) => ({ slot: keys.actions(day, digest), untilMs: day }))
  const record = `1 1 @${'x'.repeat(900)}`
  let added = 0
  for (; !draft.isFull; added++) draft.add({ day: 1, digest: actionDigest('ada', String(added)), record })
  t.ok(added < 100_000, `${added} records`)
  t.equal(
    draft.take().flatMap(({ lines }) => lines.trimEnd().split('\n')).filter((line) => line.endsWith(record)).length,
    added
  )
})

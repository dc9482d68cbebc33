// Closers: what was opened is closed in the reverse order, whatever fails.
import { test } from 'tap'
import { Closers, openAll } from '../../src/app/closers.ts'

test('the last one opened is closed first, each after the one before has ended', async (t) => {
  const closers = new Closers()
  const closed: string[] = []
  closers.defer(() => closed.push('store'))
  closers.defer(async () => {
    await Promise.resolve()
    closed.push('ledger')
  })
  await closers.close()
  t.strictSame(closed, ['ledger', 'store'])
})

test('a second close runs nothing again', async (t) => {
  const closers = new Closers()
  let times = 0
  closers.defer(() => times++)
  await Promise.all([closers.close(), closers.close()])
  t.equal(times, 1)
})

test('a close that throws stops none of the others, and its error is thrown at the end', async (t) => {
  const closers = new Closers()
  const closed: string[] = []
  closers.defer(() => closed.push('store'))
  closers.defer(() => {
    throw new Error('second')
  })
  closers.defer(async () => {
    throw new Error('first')
  })
  await t.rejects(closers.close(), { message: 'first' })
  t.strictSame(closed, ['store'])
})

test('what was opened stays open when all of it could be opened', async (t) => {
  let isClosed = false
  const opened = await openAll(async (closers) => {
    closers.defer(() => {
      isClosed = true
    })
    return { value: 7, close: closers.close }
  })
  t.equal(opened.value, 7)
  t.notOk(isClosed)
  await opened.close()
  t.ok(isClosed)
})

test('what was opened is closed when the next thing cannot be, and the error is that one', async (t) => {
  const closed: string[] = []
  await t.rejects(
    openAll(async ({ defer }) => {
      defer(() => closed.push('store'))
      defer(() => {
        throw new Error('while closing')
      })
      throw new Error('while opening')
    }),
    { message: 'while opening' }
  )
  t.strictSame(closed, ['store'])
})

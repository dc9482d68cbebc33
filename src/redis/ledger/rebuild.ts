// Rebuilds a board in Redis from its ledger: closes it, drafts every key, and swaps the draft in.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { Type } from 'typebox'
import type { BoardDraft, CloseBoard, CloseOptions } from '../../leaderboard/ledger/rebuild.ts'
import { DraftKeys, type Command, type ActionRecord } from './board-draft.ts'
import { isReply, openForWork } from '../connection.ts'
import { boardKeys, boardPattern, draftPattern, scoreKeys } from '../keys.ts'
import { createLeases } from '../boards/lease.ts'
import { bindScript } from '../scripts.ts'
import { lastEntryId } from '../stream-info.ts'
import { ActionDraft, type SlotLines } from './action-draft.ts'

/** A board whose rebuilder has died is opened again by the next write after so long. */
const CLOSED_MS = 12_000
const RENEW_MS = 3000
/** What a rebuilder that died leaves goes by itself, or with the next one. */
const DRAFT_MS = 3_600_000
const SCANNED = 1000
/** Commands in one round trip, and slots in one call: some milliseconds of Redis. */
const MAX_COMMANDS = 200
const MAX_SLOTS = 200
const CALLS = 8
/** Everything that is sent may be sent again: a Redis that stalls for a moment must not end the work of a minute. */
const TRIES = 10
const RETRY_MS = 500

/** A connection to make a board anew over. @throws Error when Redis cannot be reached */
export async function openRebuild (
  { url, timeoutMs }: { url: string, timeoutMs?: number | undefined }
): Promise<{ readonly close: CloseBoard, end(): void }> {
  const { redis, end } = await openForWork({ url, timeoutMs, name: 'scorewire-rebuild' })
  return { close: createRebuild(redis), end }
}

/** Makes boards anew, over a connection of its own. */
export function createRebuild (redis: Redis): CloseBoard {
  const close = bindScript(redis, 'ledger/rebuild-close', {
    reply: Type.Enum(['closed', 'other', 'outdated', 'scores'])
  })
  const open = bindScript(redis, 'ledger/rebuild-open', { reply: Type.Enum(['open', 'closed']) })
  const swap = bindScript(redis, 'ledger/rebuild-swap', { reply: Type.Enum(['swapped', 'lost', 'written']) })
  const leases = createLeases(redis)
  const rememberIn = bindScript(redis, 'ledger/rebuild-remember', { reply: Type.Integer() })

  async function run (commands: readonly Command[]): Promise<void> {
    await inParts(commands, MAX_COMMANDS, async (some) => {
      for (const [error] of await redis.pipeline(some as Command[]).exec() ?? []) if (error !== null) throw error
    })
  }

  async function * scan (pattern: string): AsyncGenerator<string[]> {
    for (let cursor = '0'; ;) {
      const [next, keys] = await again(async () => await redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCANNED))
      yield keys
      if (next === '0') return
      cursor = next
    }
  }

  async function sweep (board: string): Promise<void> {
    for await (const keys of scan(draftPattern(board))) await run(keys.map((key) => ['unlink', key]))
  }

  function draftOf ({ history }: CloseOptions, id: string, beganMs: number): BoardDraft {
    const { name, revision } = history.board
    const names = boardKeys(name)
    const keys = new DraftKeys(history, beganMs)
    const records = new ActionDraft((record) => keys.slotOf(record))
    const drafted = new Set<string>()
    let last = ''
    const renewing = setInterval(() => {
      leases.hold(names.rebuilder, id, CLOSED_MS).catch(() => {})
    }, RENEW_MS)

    /** The same on the drafts. Each has its end from its first moment on: whoever is killed leaves nothing for ever. */
    async function draft (commands: readonly Command[]): Promise<void> {
      const [begin, rest]: [Command[], Command[]] = [[], []]
      for (const [command, key, ...cells] of commands) {
        const sent: Command = [command, names.draft(id, String(key)), ...cells]
        if (drafted.has(String(key))) rest.push(sent)
        else begin.push(sent)
        drafted.add(String(key))
      }
      await Promise.all(begin.map(async (command) =>
        await again(async () => {
          await redis.multi([command, ['pexpire', command[1]!, DRAFT_MS]]).exec()
        })
      ))
      await run(rest)
    }

    /** Few calls at a time: nodes are to be served in between. */
    async function remember (slots: readonly SlotLines[]): Promise<void> {
      for (const untilMs of new Set(slots.map((slot) => slot.untilMs))) {
        const all = slots.filter((slot) => slot.untilMs === untilMs)
        for (let n = 0; n < all.length; n += CALLS * MAX_SLOTS) {
          await inParts(all.slice(n, n + CALLS * MAX_SLOTS), MAX_SLOTS, async (some) => {
            await rememberIn(some.map(({ slot }) => slot), [untilMs, ...some.map(({ lines }) => lines)])
          })
        }
      }
    }

    /** Hands out what is full on the way. */
    function gather (added: readonly ActionRecord[]): SlotLines[] {
      let full: SlotLines[] = []
      for (const record of added) {
        if (records.isFull) full = full.concat(records.take())
        records.add(record)
      }
      return full
    }

    /** A Redis that was killed may have lost what it had acknowledged a moment before, and kept the rest. */
    async function isComplete (): Promise<boolean> {
      const sizes = [...keys.sizes]
      const counts =
        await again(async () =>
          await redis.pipeline(sizes.map(([key, { counter }]) => [counter, names.draft(id, key)])).exec()
        ) ?? []
      return sizes.every(([, { size }], n) => counts[n]![1] === size)
    }

    return {
      beganMs,
      async put (users) {
        await Promise.all([
          draft(keys.commandsFor(users)),
          // These are no drafts, for there are more of them than Redis could move at once. They are right before the
          // scores are there too: what they say has counted.
          remember(gather(users.flatMap((user) => keys.recordsOf(user)))),
          run(users.flatMap((user) => keys.allowancesOf(user)))
        ])
      },
      putNames: async (some) => await draft(keys.commandsForNames(some)),
      async note () {
        last = lastEntryId(await again(async () => await redis.xinfo('STREAM', names.ledger)))
      },
      async swap () {
        const { commands, sequence } = keys.commandsForHeads()
        await Promise.all([draft(commands), remember(records.take())])
        if (!await isComplete()) return 'lost'
        const going: string[] = []
        const hasScores = scoreKeys(name)
        for await (const found of scan(boardPattern(name))) {
          going.push(...found.filter((key) => hasScores(key) && !keys.kept.has(key)))
        }
        const pairs = [...keys.kept]
        return await again(async () =>
          await swap(
            [
              names.meta,
              names.rules,
              names.rebuilder,
              names.ledger,
              ...pairs.flatMap(([key]) => [key, names.draft(id, key)]),
              ...going
            ],
            [id, revision, last, sequence, names.hints, pairs.length, ...pairs.map(([, untilMs]) => untilMs)]
          )
        )
      },
      async end () {
        clearInterval(renewing)
        await again(async () => await open([names.meta, names.rules, names.rebuilder], [id]))
        await run([...drafted].map((key) => ['unlink', names.draft(id, key)]))
      }
    }
  }

  return async (options) => {
    const { history: { board }, which, last } = options
    const names = boardKeys(board.name)
    const id = randomUUID()
    const position = last === undefined ? '0-0' : `${last.ms}-${last.seq}`
    const word = await again(async () =>
      await close([names.meta, names.rules, names.rebuilder, names.ledger], [
        id,
        CLOSED_MS,
        board.revision,
        which,
        position
      ])
    )
    if (word !== 'closed') return word
    await sweep(board.name)
    const [seconds, micros] = await again(async () => await redis.time())
    return draftOf(options, id, Number(seconds) * 1000 + Math.floor(Number(micros) / 1000))
  }
}

/** All of them, some at a time, without waiting for an answer before the next are sent. */
async function inParts<Item> (
  items: readonly Item[],
  most: number,
  send: (items: readonly Item[]) => Promise<void>
): Promise<void> {
  const parts: Promise<void>[] = []
  for (let n = 0; n < items.length; n += most) parts.push(again(async () => await send(items.slice(n, n + most))))
  await Promise.all(parts)
}

async function again<T> (call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call()
    } catch (error) {
      if (tries === TRIES || isReply(error, '')) throw error
      await delay(RETRY_MS)
    }
  }
}

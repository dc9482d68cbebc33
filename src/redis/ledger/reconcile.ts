// Reads what Redis holds of users, and repairs them, for `scorewire reconcile`.
import type { Redis } from 'ioredis'
import { Type } from 'typebox'
import type { BoardHistory } from '../../leaderboard/boards/board-history.ts'
import { readEntry, type Position } from '../../leaderboard/ledger/ledger.ts'
import { placeOf, type ReconcileStore, type StoredUser } from '../../leaderboard/ledger/reconcile.ts'
import { keptUntilMs } from '../../leaderboard/boards/retention.ts'
import type { WindowName } from '../../leaderboard/boards/window.ts'
import { actKeys, boardArgs } from '../boards/kept-windows.ts'
import { openForWork } from '../connection.ts'
import { boardKeys, boardPattern } from '../keys.ts'
import { signOf, turn } from '../order.ts'
import { bindScript } from '../scripts.ts'

const Reply = Type.Array(Type.Array(Type.String()), { minItems: 1 })
/** Keys that are looked up in one call: about a millisecond. */
const MAX_LOOKUPS = 1000
const SCANNED = 500
const ACTOR = 'scorewire reconcile'

/** A connection to compare a board over. @throws Error when Redis cannot be reached */
export async function openReconcile (
  { url, timeoutMs, history }: { url: string, timeoutMs?: number | undefined, history: BoardHistory }
): Promise<{ readonly store: ReconcileStore, end(): void }> {
  const { redis, end } = await openForWork({ url, timeoutMs, name: 'scorewire-reconcile' })
  return { store: createReconcile(redis, history), end }
}

export function createReconcile (redis: Redis, history: BoardHistory): ReconcileStore {
  const { board } = history
  const names = boardKeys(board.name)
  const readState = bindScript(redis, 'ledger/read-state', { reply: Reply })
  const repairUser = bindScript(redis, 'ledger/repair-user', { reply: Type.Enum(['repaired', 'moved', 'outdated']) })

  const atOnce = (windows: readonly WindowName[]) => Math.max(1, Math.floor(MAX_LOOKUPS / (9 + 2 * windows.length)))

  const read: ReconcileStore['read'] = async (windows, users) => {
    const keys = [
      names.ledger,
      names.banned,
      names.currentSegments,
      names.formerSegments,
      names.names,
      ...windows.flatMap((window) => [names.scores(window), names.hidden(window)])
    ]
    const all = [...users]
    const step = atOnce(windows)
    const stored: StoredUser[] = []
    let at: Position | undefined
    for (let n = 0; n === 0 || n < all.length; n += step) {
      const some = all.slice(n, n + step)
      const [id, ...states] = await readState(keys, [JSON.stringify(some)])
      const [ms, seq] = id![0]!.split('-')
      at = { ms: Number(ms), seq: Number(seq) }
      for (const [k, [userId]] of some.entries()) stored.push(storedUser(userId, states[k]!, windows))
    }
    return { at: at!, users: stored }
  }

  function storedUser (
    userId: string,
    [ban, current, former, username, ...cells]: string[],
    windows: readonly WindowName[]
  ): StoredUser {
    const [visible, hidden] = [new Map<WindowName, Map<string, number>>(), new Map<WindowName, Map<string, number>>()]
    for (let n = 0; n < cells.length; n += 3) {
      const place = Number(cells[n]) - 1
      const [kind, window] = [place % 2 === 0 ? visible : hidden, windows[Math.floor(place / 2)]!]
      const parts = kind.get(window) ?? new Map<string, number>()
      kind.set(window, parts.set(cells[n + 1]!, turn(board, Number(cells[n + 2])) + 0))
    }
    const lines = (text: string | undefined) => text ? text.split('\n') : []
    return {
      userId,
      visible,
      hidden,
      current: lines(current),
      former: lines(former),
      username: username || undefined,
      ban: ban || undefined
    }
  }

  /** The users in a sorted set, or in a hash: one that is not there at the moment may be in the next. */
  async function * members (key: string, kind: 'zset' | 'hash'): AsyncGenerator<string[]> {
    for (let cursor = '0'; ;) {
      const [next, cells] = kind === 'zset'
        ? await redis.zscan(key, cursor, 'COUNT', SCANNED)
        : await redis.hscan(key, cursor, 'COUNT', SCANNED)
      yield cells.filter((_, n) => n % 2 === 0)
      if (next === '0') return
      cursor = next
    }
  }

  return {
    atOnce,
    read,
    async unexpectedUsers (windows, counts, isKnown) {
      const found = new Map<string, string[]>()
      const look = async (key: string, window: WindowName | undefined, segment: string | undefined) => {
        for await (const users of members(key, window === undefined ? 'hash' : 'zset')) {
          if (users.length === 0) continue
          const known = new Set(await isKnown(users, window, segment))
          for (const user of users) {
            if (!known.has(user)) found.set(user, [...found.get(user) ?? [], ...segment === undefined ? [] : [segment]])
          }
        }
      }
      for (let cursor = '0'; ;) {
        const [next, keys] = await redis.scan(cursor, 'MATCH', boardPattern(board.name), 'COUNT', SCANNED)
        for (const key of keys) {
          const ranking = rankingOf(key)
          if (ranking === undefined || !windows.includes(ranking.window)) continue
          if (
            await redis.zcard(key) !== (counts.get(placeOf(ranking.kind, ranking.window, ranking.segment)) ?? 0)
          ) { await look(key, ranking.window, ranking.segment) }
        }
        if (next === '0') break
        cursor = next
      }
      await look(names.banned, undefined, undefined)
      return found
    },
    async since (userIds, at) {
      const rows = await redis.xrange(names.ledger, `(${at.ms}-${at.seq}`, '+')
      const events = rows.map(([id, fields]) => ({ id, fields })).filter(({ fields }) =>
        userIds.has(fields[fields.indexOf('user_id') + 1]!)
      ).map(readEntry)
      const [ms, seq] = (rows.at(-1)?.[0] ?? `${at.ms}-${at.seq}`).split('-').map(Number) as [number, number]
      return { events, at: { ms, seq } }
    },
    async repair (windows, { state, username, at, strays }) {
      const { userId, current, former, ban } = state
      const sign = signOf(board)
      const targets = windows.map((window) => {
        const [visible, hidden] = [state.visible.get(window), state.hidden.get(window)]
        return [
          visible === undefined ? '' : `${sign}${visible.score}`,
          [...visible?.segments.keys() ?? []],
          hidden === undefined ? '' : `${sign}${hidden.score}`,
          [...hidden?.segments ?? []]
        ]
      })
      const profile = [
        current.join('\n'),
        former.join('\n'),
        username ?? '',
        ban === undefined ? '' : JSON.stringify(ban),
        ban?.until_ms === undefined ? '' : String(ban.until_ms)
      ]
      return await repairUser(
        {
          ...actKeys(names),
          names: names.names,
          ends: names.banEnds,
          rest: windows.flatMap((window) => [names.scores(window), names.head(window), names.hidden(window)])
        },
        {
          ...boardArgs(board),
          user: userId,
          read_to: `${at.ms}-${at.seq}`,
          actor: ACTOR,
          reason: 'the store differed from the ledger',
          profile: JSON.stringify(profile),
          windows: JSON.stringify(targets),
          strays: JSON.stringify(strays),
          rest: windows.map((window) => keptUntilMs(board, history.windowNamed(window)!))
        }
      )
    }
  }

  function rankingOf (
    key: string
  ): { kind: 'visible' | 'hidden', window: WindowName, segment: string | undefined } | undefined {
    for (const [kind, prefix] of [['visible', names.scores('')], ['hidden', names.hidden('')]] as const) {
      if (!key.startsWith(prefix)) continue
      const [, window, segment] =
        /^(all|(?:day|week|month|season):[^:]+)(?::([^]+))?$/.exec(key.slice(prefix.length)) ?? []
      return window === undefined ? undefined : { kind, window: window as WindowName, segment }
    }
    return undefined
  }
}

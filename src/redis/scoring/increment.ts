// Applies increments in groups: the caller of lua/scoring/increment.lua, and the hot path of the service.
import { Type, type Static } from 'typebox'
import { type Board } from '../../leaderboard/boards/board.ts'
import type { Clock } from '../../leaderboard/clock.ts'
import { PERIOD_MS } from '../../leaderboard/boards/catalogue.ts'
import { groupCommit } from '../../leaderboard/scoring/group-commit.ts'
import type { Increment, IncrementOutcome, ApplyIncrement } from '../../leaderboard/scoring/increment.ts'
import { keptUntilMs } from '../../leaderboard/boards/retention.ts'
import { openSeason } from '../../leaderboard/boards/season.ts'
import { DAY_MS, windowAt, type WindowKind } from '../../leaderboard/boards/window.ts'
import { callInTime } from '../boards/kept-windows.ts'
import type { RedisClock } from '../clock.ts'
import { callWrite } from '../connection.ts'
import { actionDigest, actionMark, boardKeys, FUTURE_MS, GATE_MS, LEDGER_MAX, MEMORY_MS, recordDayAt } from '../keys.ts'
import { signOf } from '../order.ts'
import { bindScript, type Script, type ScriptContext } from '../scripts.ts'

/** A full group of 64 took up to 6.6 ms on a board of a million: with half of it no other client waits for 5. */
const MAX_GROUP = 32
/** While Redis works on a group, Node reads the answers of the one before and writes the one after. */
const MAX_UNDER_WAY = 2
/** Each window and each segment of it is written for each item of a group; two of them cost little more than one. */
const MAX_RANKINGS = 64

/** Two seconds of work at 10,000 a second: who would wait longer is better told to come back. */
const MAX_WAITING = 20_000

/** Queues kept: boards come and go, and their queues with them. */
const MAX_QUEUES = 4096

/** In the times that a call may take. With the call a write is answered within 2.5 times that, whatever Redis does. */
const MAX_WAIT = 1.2

/**
 * `stale_keys`, `outdated` or `done`, Redis' time in ms, and then a word and a number (or two with a slash) for each
 * item: one text, since a list of a group's answers costs Node more to read than the words in it.
 */
const Reply = Type.String({ pattern: '^(stale_keys|outdated|done) [0-9]+( [a-z_]+ [0-9]+(/[0-9]+)?)*$' })

interface IncrementOptions extends ScriptContext {
  /** So long Redis has to answer. */
  readonly timeoutMs: number
  readonly nodeClock: Clock
  /** Told of every call: how many items it took and how long, in seconds. */
  readonly onGroup?: (items: number, seconds: number) => void
  /**
   * Entries that a board's ledger may hold: what is older goes, or, where an archiver needs it, what is newer is
   * refused.
   */
  readonly ledgerMax?: number | undefined
}

/** Keeps increments through `lua/scoring/increment.lua`, in groups. */
export function createApplyIncrement (
  { redis, clock, nodeClock, timeoutMs, onGroup, ledgerMax = LEDGER_MAX, directory }: IncrementOptions
): ApplyIncrement {
  const script = bindScript(redis, 'scoring/increment', { reply: Reply, directory })
  const queues = new Map<string, Queue>()

  function queueOf (board: Board, season: string | undefined): Queue['send'] {
    const keysAt = periodKeys(board, { season, ledgerMax })
    return groupCommit<Increment, IncrementOutcome>({
      maxItems: groupSize(board),
      maxWaiting: MAX_WAITING,
      maxWaitMs: MAX_WAIT * timeoutMs,
      // Sums do not ask for the order; the latest of two scores does, also when the first has to be sent again.
      clock: nodeClock,
      maxUnderWay: board.operator === 'latest' ? 1 : MAX_UNDER_WAY,
      async send (items) {
        const begun = nodeClock.now()
        try {
          return await callWrite(redis, () => sendGroup(script, { board, keysAt, clock, items }))
        } finally {
          onGroup?.(items.length, (nodeClock.now() - begun) / 1000)
        }
      }
    })
  }

  return (board, increment) => {
    const { season } = increment
    // No name of a board holds a blank.
    const name = season === undefined ? board.name : `${board.name} ${season}`
    let queue = queues.get(name)
    if (queue?.revision !== board.revision) {
      // A queue that is under way comes to its end without being known here.
      if (queues.size >= MAX_QUEUES) queues.clear()
      queues.set(name, queue = { revision: board.revision, send: queueOf(board, season) })
    }
    return queue.send(increment)
  }
}

/** Items in a group, so that Redis is not held up for long by a board with many windows and segments. */
function groupSize ({ windows, segments }: Board): number {
  return Math.max(1, Math.min(MAX_GROUP, Math.floor(MAX_RANKINGS / (windows.length * (1 + segments.length)))))
}

/** Increments of one board that share their calls, judged by the same rules. */
interface Queue {
  readonly revision: string
  readonly send: (increment: Increment) => Promise<IncrementOutcome>
}

/** The part of a call that stays the same while the board's windows and the day of its action records do. */
interface PeriodKeys {
  readonly fromMs: number
  readonly untilMs: number
  readonly day: number
  readonly keys: readonly string[]
  readonly args: readonly (string | number)[]
  /** Until when each window's keys are kept, in ms since 1970; 0 for ever. */
  readonly expiries: readonly number[]
}

/** @throws Problem `season_closed`, from the function that it returns, where no season takes writes at that time */
function periodKeys (
  board: Board,
  { season, ledgerMax }: { season: string | undefined, ledgerMax: number }
): (atMs: number) => PeriodKeys {
  const names = boardKeys(board.name)
  const openAt = (kind: WindowKind, atMs: number) => {
    if (kind === 'season') return openSeason(board, atMs, season)
    const window = windowAt(kind, board, atMs)
    return { window, fromMs: window.fromMs, untilMs: window.untilMs }
  }
  let known: PeriodKeys | undefined
  return (atMs) => {
    if (known !== undefined && atMs >= known.fromMs && atMs < known.untilMs) return known
    const open = board.windows.map((kind) => openAt(kind, atMs))
    const windows = open.map(({ window }) => window)
    const day = recordDayAt(atMs)
    const fromMs = Math.max(day * DAY_MS, ...open.map(({ fromMs }) => fromMs))
    const untilMs = Math.min((day + 1) * DAY_MS, ...open.map(({ untilMs }) => untilMs))
    const keys = [
      names.meta,
      names.gate,
      names.names,
      names.ledger,
      names.banned,
      names.currentSegments,
      names.formerSegments,
      ...windows.flatMap(({ name }) => [names.scores(name), names.head(name), names.hidden(name)])
    ]
    const args = [
      windows.length,
      fromMs,
      untilMs,
      (day + 1) * DAY_MS + MEMORY_MS,
      MEMORY_MS,
      FUTURE_MS,
      board.max_score,
      board.head_size,
      board.quota.increments,
      board.quota.per_seconds * 1000,
      GATE_MS,
      names.hints,
      ledgerMax,
      board.revision,
      board.operator,
      signOf(board),
      season ?? ''
    ]
    const expiries = windows.map((window) => keptUntilMs(board, window))
    known = { fromMs, untilMs, day, keys, args, expiries }
    return known
  }
}

interface Group {
  readonly board: Board
  readonly keysAt: (atMs: number) => PeriodKeys
  readonly clock: RedisClock
  readonly items: readonly Increment[]
}

async function sendGroup (
  script: Script<Static<typeof Reply>>,
  { board, keysAt, clock, items }: Group
): Promise<IncrementOutcome[]> {
  const callWords: Script<string[]> = async (keys, args) => (await script(keys, args)).split(' ')
  const [word, , ...answers] = await callInTime(callWords, clock, (atMs) => callOf(board, keysAt(atMs), items))
  if (word === 'outdated') return items.map(() => ({ result: 'outdated' }))
  return items.map((_, n) => outcomeOf(answers[2 * n], answers[2 * n + 1]!))
}

function callOf (board: Board, period: PeriodKeys, items: readonly Increment[]): [string[], (string | number)[]] {
  const names = boardKeys(board.name)
  const keys = [...period.keys]
  const limitKeys: string[] = []
  const rows = items.map(
    ({ userId, username = '', actionId, increment, action, madeMs = 0, actor, ip, requestId, segments, season }) => {
      const digest = actionDigest(userId, actionId)
      keys.push(names.actions(period.day, digest), names.actions(period.day - 1, digest), names.quota(userId))
      const row = [
        userId,
        username,
        actionId,
        digest,
        String(increment),
        madeMs,
        actor,
        ip,
        requestId,
        // The segments of late actions are those of then, and the user may be in others by now.
        season === undefined && segments !== undefined ? segments : 0
      ]
      if (action === undefined) return row
      row.push(action.name, actionMark(action.name))
      if (action.limit === undefined) return row
      limitKeys.push(names.limit(userId, action.name))
      row.push(action.limit.max, PERIOD_MS[action.limit.per])
      return row
    }
  )
  keys.push(...limitKeys)
  // One argument for all of them: a group as some 600 arguments cost Node three times as much to write.
  return [keys, [...period.args, JSON.stringify(rows), ...period.expiries]]
}

function outcomeOf (word: string | undefined, number: string): IncrementOutcome {
  switch (word) {
    case 'applied':
    case 'replayed':
      return { result: word, score: Number(number) }
    case 'points_changed': {
      const [score, increment] = number.split('/')
      return { result: 'replayed', score: Number(score), increment: Number(increment) }
    }
    case 'quota':
    case 'limit':
      return { result: word, retryMs: Number(number) }
    case 'banned':
    case 'ban_over':
    case 'mismatch':
    case 'too_old':
    case 'score_limit':
    case 'full':
      return { result: word }
    default:
      throw new Error('increment.lua gave an answer that its header does not know')
  }
}

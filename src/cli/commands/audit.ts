// `scorewire audit`: prints what happened on a board.
import { pino } from 'pino'
import { readConfig, type Config } from '../../config.ts'
import { eventBody, type EventBody } from '../../leaderboard/ledger/event-body.ts'
import type { Board } from '../../leaderboard/boards/board.ts'
import type { EventsQuery, EventsSource, ReadEvents } from '../../leaderboard/ledger/ledger.ts'
import { openDatabase } from '../../ledger/database.ts'
import { createReadEvents } from '../../ledger/read-events.ts'
import { openAudit } from '../../redis/ledger/read-events.ts'
import { misuse, readWords } from '../arguments.ts'
import { UsageError, type Command, type Process } from '../command.ts'
import { LEDGER_VARIABLES } from '../running-ledger.ts'
import { storedBoard, withRunningStore } from '../running-store.ts'
import type { Usage } from '../usage.ts'

/** How `scorewire audit` is used. */
export const usage: Usage = {
  summary: 'print what happened on a board, the newest first',
  forms: ['audit [--board NAME] [--user ID] [--from TIME] [--to TIME] [--limit N] [--json]'],
  options: [
    ['--board NAME', 'the board (main, or the first of the configuration)'],
    ['--user ID', 'only events of this user'],
    ['--from TIME', 'only events from this time on, such as 2026-11-21 or 2026-11-21T12:00:00Z'],
    ['--to TIME', 'only events before this time'],
    ['--limit N', 'at most so many events (100)'],
    ['--json', 'a JSON object a line, as it is where the output is no terminal']
  ],
  variables: LEDGER_VARIABLES
}

/** Events that are read at a time. */
const PAGE = 1000

/** Prints the events of a board, the newest first: a table on a terminal, else a JSON object a line. */
export const audit: Command = async (words, { env, isTerminal, write }) => {
  const { boardName, query, limit, json } = parseWords(words)
  const config = readConfig(env, [])
  const board = boardName === undefined ? config.boards.default : await boardNamed(config, boardName, env)
  const { readEvents, source, close } = await openEvents(config)
  try {
    const print = json || !isTerminal ? jsonLine : tableRow
    if (print === tableRow) write(`${ORIGIN[source]}, the newest first\n${HEADING}\n`)
    for await (const event of newest(readEvents, board, { query, limit })) write(`${print(eventBody(event), source)}\n`)
  } finally {
    await close()
  }
  return 0
}

/** A board of the configuration, which needs no Redis, or one that was made since. @throws Error when there is none */
async function boardNamed ({ boards }: Config, boardName: string, env: Process['env']): Promise<Board> {
  const configured = boards.all.find(({ name }) => name === boardName)
  return configured ?? await withRunningStore(env, async (store) => await storedBoard(store, boardName))
}

async function * newest (
  readEvents: ReadEvents,
  board: Board,
  { query, limit }: { query: Omit<EventsQuery, 'limit'>, limit: number }
) {
  let before: EventsQuery['before']
  for (let left = limit; left > 0;) {
    const { events, next } = await readEvents(board, { ...query, before, limit: Math.min(PAGE, left) })
    yield * events
    left -= events.length
    if (next === undefined) return
    before = next
  }
}

interface Events {
  readonly readEvents: ReadEvents
  readonly source: EventsSource
  close(): Promise<void>
}

async function openEvents ({ databaseUrl, redisUrl, redisTimeoutMs, dataDir }: Config): Promise<Events> {
  const log = pino({ level: 'silent' })
  if (databaseUrl === undefined) {
    return { ...await openAudit({ url: redisUrl, dataDir, timeoutMs: redisTimeoutMs, log }), source: 'stream' }
  }
  const database = openDatabase({ url: databaseUrl, log })
  return { readEvents: createReadEvents(database), source: 'ledger', close: database.close }
}

function jsonLine (event: EventBody, source: EventsSource): string {
  return JSON.stringify({ source, ...event })
}

const ORIGIN = { ledger: 'From the ledger', stream: 'From the stream, which holds the last events alone' } as const
const WIDTHS = [24, 20, 9, 10, 12, 20, 16, 24]
const row = (cells: readonly string[]) => cells.map((cell, n) => cell.padEnd(WIDTHS[n] ?? 0)).join('  ').trimEnd()
const HEADING = row(['TIME', 'USER', 'KIND', 'DELTA', 'SCORE', 'ACTOR', 'IP', 'REQUEST', 'ACTION'])

function tableRow (event: EventBody): string {
  const { kind, delta, action, action_id: actionId } = event
  const isScore = kind === 'score' || kind === 'import'
  return row([
    event.at,
    event.user_id,
    kind,
    isScore || delta < 0 ? String(delta) : `+${delta}`,
    String(event.score_after),
    event.actor ?? '',
    event.ip ?? '',
    event.request_id ?? '',
    action === null ? actionId : `${actionId} (${action})`
  ])
}

function parseWords (words: string[]) {
  const text = { type: 'string' } as const
  const { values } = readWords({
    args: words,
    options: {
      board: text,
      user: text,
      from: text,
      to: text,
      limit: { ...text, default: '100' },
      json: { type: 'boolean', default: false }
    }
  }, usage)
  const { board, user, from, to, json } = values
  const limit = Number(values.limit)
  if (!Number.isInteger(limit) || limit < 1) throw misuse(`--limit ${values.limit} is not a number of events`, usage)
  const query = { userId: user, fromMs: momentOf('--from', from), toMs: momentOf('--to', to) }
  return { boardName: board, limit, json, query }
}

function momentOf (option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = Date.parse(text)
  if (ms >= 0) return ms
  throw new UsageError(`${option} ${text} is not a time such as 2026-11-21T12:00:00Z or 2026-11-21`)
}

// Archives of closed seasons: built in chunks, compressed, and read as pages or as a top.
import { createHash, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Redis } from 'ioredis'
import { Type, type Static } from 'typebox'
import type { Board } from '../../leaderboard/boards/board.ts'
import type { PageStart } from '../../leaderboard/ranking/page.ts'
import type { RankedEntry } from '../../leaderboard/ranking/order-entries.ts'
import type { Reads, Top } from '../../leaderboard/ranking/reads.ts'
import { VISIBLE } from '../../leaderboard/boards/rules.ts'
import { closeOf } from '../../leaderboard/boards/season.ts'
import type { Season } from '../../leaderboard/boards/window.ts'
import { EntryBody, entryBody } from '../../leaderboard/ranking/wire.ts'
import { boardKeys } from '../keys.ts'
import { checker } from '../../leaderboard/schema.ts'

/** About half a millisecond of Redis. */
const PAGE_ROWS = 250
/** Some 12 KB each when compressed. */
const CHUNK_ROWS = 1000
/** Nobody goes on with what a node that died has begun. */
const BUILT_WITHIN_S = 3600

const About = Type.Object({
  entries: Type.Integer(),
  chunks: Type.Integer(),
  /** When the season closed, in ms since 1970: one whose end was corrected afterwards is archived anew. */
  closedMs: Type.Integer(),
  /** SHA-256 of the whole text in base64url. */
  digest: Type.String()
})
type ArchiveAbout = Static<typeof About>

const isAbout = checker(About)
const isEntryBody = checker(EntryBody)

const [pack, unpack] = [promisify(gzip), promisify(gunzip)]

/**
 * What closed seasons looked like: for each a hash of compressed chunks of NDJSON, one entry a line in rank order,
 * names as they were. It is built beside and put in place as a whole, once; what is written later changes nothing of
 * it.
 */
export interface SeasonArchive {
  /** Builds the archive of a closed season, where there is none. @throws while the store is away */
  build(board: Board, season: Season): Promise<void>
  /** Undefined where there is no archive yet. */
  about(board: Board, season: Season): Promise<ArchiveAbout | undefined>
  /** Its text, chunk by chunk. */
  text(board: Board, season: Season, about: ArchiveAbout): AsyncGenerator<Buffer>
  /** The top as the archive has it; undefined where there is no archive yet. */
  top(board: Board, season: Season): Promise<Top | undefined>
}

export function createSeasonArchive (
  { redis, readEntries }: { redis: Redis, readEntries: Reads['entries'] }
): SeasonArchive {
  async function about (board: Board, season: Season): Promise<ArchiveAbout | undefined> {
    const present = await stored(board, season)
    return present?.closedMs === closeOf(season) ? present : undefined
  }

  async function stored (board: Board, season: Season): Promise<ArchiveAbout | undefined> {
    const text = await redis.hget(boardKeys(board.name).archive(season.name), 'about')
    if (text === null) return undefined
    const content: unknown = JSON.parse(text)
    if (!isAbout(content)) throw new Error(`the archive of season ${season.name} of ${board.name} is damaged`)
    return content
  }

  async function chunk (board: Board, season: Season, n: number): Promise<Buffer> {
    const packed = await redis.hgetBuffer(boardKeys(board.name).archive(season.name), String(n))
    if (packed === null) throw new Error(`the archive of season ${season.name} of ${board.name} lacks chunk ${n}`)
    return await unpack(packed)
  }

  async function build (board: Board, season: Season): Promise<void> {
    if (await about(board, season) !== undefined) return
    const key = boardKeys(board.name).archive(season.name)
    const draft = `${key}:${randomUUID()}`
    const digest = createHash('sha256')
    let [entries, chunks] = [0, 0]
    for await (const rows of chunksOf(readEntries, board, season)) {
      const text = rows.map((entry) => `${JSON.stringify(entryBody(entry))}\n`).join('')
      digest.update(text)
      await redis.hset(draft, String(chunks), await pack(text))
      if (chunks === 0) await redis.expire(draft, BUILT_WITHIN_S)
      entries += rows.length
      chunks++
    }
    await redis.hset(
      draft,
      'about',
      JSON.stringify(
        { entries, chunks, closedMs: closeOf(season), digest: digest.digest('base64url') } satisfies ArchiveAbout
      )
    )
    await redis.persist(draft)
    if (await stored(board, season) !== undefined && await about(board, season) === undefined) await redis.unlink(key)
    // Whoever comes second has built the same.
    if (await redis.renamenx(draft, key) === 0) await redis.unlink(draft)
  }

  return {
    build,
    about,
    async * text (board, season, { chunks }) {
      for (let n = 0; n < chunks; n++) yield await chunk(board, season, n)
    },
    async top (board, season) {
      const present = await about(board, season)
      if (present === undefined) return undefined
      const { chunks, digest } = present
      const lines = chunks === 0 ? [] : (await chunk(board, season, 0)).toString().split('\n', VISIBLE)
      const entries = lines.filter(Boolean).map((line) => entryOf(JSON.parse(line)))
      return { epoch: digest, version: 0, readMs: closeOf(season), resetsMs: undefined, entries }
    }
  }
}

async function * chunksOf (
  readEntries: Reads['entries'],
  board: Board,
  { name }: Season
): AsyncGenerator<RankedEntry[]> {
  let rows: RankedEntry[] = []
  for (let start: PageStart | undefined = { place: 0 }; start !== undefined;) {
    const { entries, next }: Awaited<ReturnType<Reads['entries']>> = await readEntries(board, {
      window: `season:${name}`
    }, { start, limit: PAGE_ROWS })
    rows.push(...entries)
    start = next && { behind: next }
    if (rows.length >= CHUNK_ROWS || (start === undefined && rows.length > 0)) {
      yield rows
      rows = []
    }
  }
}

function entryOf (row: unknown): RankedEntry {
  if (!isEntryBody(row)) throw new Error('an archive holds a row that is none')
  return { rank: row.rank, userId: row.user_id, username: row.username, score: row.score }
}

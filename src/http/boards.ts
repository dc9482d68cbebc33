import { Type, type Static } from 'typebox'
import { type Board, type Boards } from '../leaderboard/board.ts'
import { BoardRules } from '../leaderboard/rules.ts'
import { BoardName } from '../leaderboard/identifiers.ts'
import { windowAt, WindowKind } from '../leaderboard/window.ts'
import { PROBLEMS } from './errors.ts'
import type { Server } from './server.ts'

const BoardBody = Type.Object({
  board: Type.String(),
  visibility: BoardRules.properties.visibility,
  time_zone: BoardRules.properties.time_zone,
  max_increment: BoardRules.properties.max_increment,
  max_score: BoardRules.properties.max_score,
  quota: BoardRules.properties.quota,
  actions: BoardRules.properties.actions,
  client_increments: BoardRules.properties.client_increments,
  proof: BoardRules.properties.proof,
  windows: Type.Array(Type.Object({
    window: WindowKind,
    name: Type.String({ description: 'The running one, such as day:2026-11-21' }),
    resets_at: Type.Union([Type.String(), Type.Null()], { description: 'When the next one begins, RFC 3339 in UTC; null for never' })
  }))
})

const one = {
  summary: 'A board and its rules',
  tags: ['read'],
  params: Type.Object({ board: BoardName }),
  response: { 200: BoardBody, ...PROBLEMS }
}

const all = {
  summary: 'The boards and their rules',
  tags: ['read'],
  response: { 200: Type.Object({ boards: Type.Array(BoardBody) }), ...PROBLEMS }
}

export function registerBoards (server: Server, { boards, now }: { boards: Boards, now: () => number }): void {
  server.get('/v1/boards', { schema: all }, async () => ({ boards: boards.all.map((board) => boardBody(board, now())) }))
  server.get('/v1/boards/:board', { schema: one }, async (request) => boardBody(boards.get(request.params.board), now()))
}

function boardBody (board: Board, atMs: number): Static<typeof BoardBody> {
  const { name, visibility, time_zone: timeZone, max_increment: maxIncrement, max_score: maxScore, quota, actions, client_increments: clientIncrements, proof } = board
  return {
    board: name,
    visibility,
    time_zone: timeZone,
    max_increment: maxIncrement,
    max_score: maxScore,
    quota,
    actions,
    client_increments: clientIncrements,
    proof,
    windows: board.windows.map((kind) => {
      const window = windowAt(kind, board, atMs)
      return {
        window: kind,
        name: window.name,
        resets_at: window.untilMs === Infinity ? null : new Date(window.untilMs).toISOString()
      }
    })
  }
}

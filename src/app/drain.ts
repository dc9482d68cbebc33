// The drain: how a node stops without an error for any client.
import { closeConnectionsAfterAnswer, type Server } from '../http/server.ts'
import type { Sessions } from '../live/sessions.ts'

interface DrainOptions {
  readonly server: Server
  readonly sessions: Sessions
  /** How long live clients have to connect to another node. */
  readonly withinMs: number
}

interface Drain {
  /** Whether the node is stopping: it is not ready, and admits no live client. */
  readonly isDraining: () => boolean
  /** Stops the node. Ends when the server is closed. */
  readonly run: () => Promise<void>
}

/**
 * Creates the drain of a node. In this order: the node stops being ready, live clients are sent to other nodes,
 * requests under way are answered, and the server is closed.
 */
export function createDrain ({ server, sessions, withinMs }: DrainOptions): Drain {
  let isDraining = false
  return {
    isDraining: () => isDraining,
    async run () {
      isDraining = true
      closeConnectionsAfterAnswer(server)
      await sessions.drain(withinMs)
      await server.close()
    }
  }
}

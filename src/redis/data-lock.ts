// The lock of a data folder: one embedded Redis at a time.
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { platform, tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Holds a data directory for this process alone, until it is released or the process ends, however that happens. The
 * lock is a listening socket: on Linux one in the abstract namespace, which leaves nothing behind.
 * @throws Error when another process holds it
 */
export async function lockData (directory: string): Promise<() => void> {
  const name = `scorewire-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}`
  const path = platform() === 'linux' ? `\0${name}` : join(tmpdir(), `${name}.lock`)
  if (platform() !== 'linux' && !await answers(path)) await rm(path, { force: true })
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Error('Another scorewire is running on this data directory: stop it, or set DATA_DIR or REDIS_URL.')
          : error
      )
    })
    server.listen(path, resolve)
  })
  server.unref()
  return () => {
    server.close()
  }
}

async function answers (path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

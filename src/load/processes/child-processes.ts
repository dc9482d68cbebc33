// Child processes that carry out orders, seen from their parent; serve-orders.ts is the other side.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** What a child process can do: each function takes data and answers with data, since both go over IPC. */
export type Orders<Names> = { readonly [Name in keyof Names]: (...data: never[]) => unknown }

export interface OrderMessage {
  readonly id: number
  readonly name: string
  readonly data: readonly unknown[]
}

/** The answer to an order, or progress, which names no order. */
export interface Reply {
  readonly id?: number
  readonly result?: unknown
  readonly error?: string
  readonly progress?: unknown
}

interface ChildOptions {
  readonly count: number
  /** The program of every process; it calls `serveOrders`. */
  readonly program: URL
  /** Flags of Node; by default those of this process. */
  readonly execArgv?: readonly string[]
}

/** A fixed number of processes of one program. */
export class ChildProcesses<Child extends Orders<Child>> {
  readonly #children: readonly ChildProcess[]
  #orders = 0

  constructor ({ count, program, execArgv }: ChildOptions) {
    this.#children = Array.from({ length: count }, () => fork(program, execArgv && { execArgv: [...execArgv] }))
  }

  get pids (): number[] {
    return this.#children.map(({ pid }) => pid!)
  }

  /**
   * Gives every process an order with data of its own. Resolves with the answers when all of them are there.
   * @throws Error what one of the processes threw, or that one has ended
   */
  async order<Name extends keyof Child & string> (
    name: Name,
    dataOf: (process: number) => Parameters<Child[Name]>,
    onProgress?: (process: number, progress: unknown) => void
  ): Promise<Awaited<ReturnType<Child[Name]>>[]> {
    return await Promise.all(this.#children.map(async (child, n) => {
      const message = { id: this.#orders++, name, data: dataOf(n) }
      return await carryOut(child, message, (progress) => onProgress?.(n, progress)) as Awaited<ReturnType<Child[Name]>>
    }))
  }

  /** Ends every process. */
  async close (): Promise<void> {
    await Promise.all(this.#children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      if (child.connected) child.disconnect()
      await ended
    }))
  }
}

async function carryOut (
  child: ChildProcess,
  message: OrderMessage,
  onProgress: (progress: unknown) => void
): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    const finish = () => child.off('message', onReply).off('exit', onExit)
    const onExit = () => {
      finish()
      reject(new Error(`a process of the load generator has ended during ${message.name}`))
    }
    const onReply = ({ id, result, error, progress }: Reply) => {
      if (id === undefined) return onProgress(progress)
      if (id !== message.id) return
      finish()
      if (error === undefined) resolve(result)
      else reject(new Error(error))
    }
    if (!child.connected) return onExit()
    child.on('message', onReply).once('exit', onExit)
    child.send(message)
  })
}

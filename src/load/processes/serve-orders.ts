// The child's side of child-processes.ts: carries out the orders of the parent.
import type { OrderMessage, Orders, Reply } from './child-processes.ts'

const send = (reply: Reply) => {
  process.send?.(reply)
}

/** Carries out each order with the function of its name until the parent lets go; orders may overlap. */
export function serveOrders<Child extends Orders<Child>> (child: Child): void {
  const carryOut = async ({ name, data }: OrderMessage) => await child[name as keyof Child](...data as never[])
  process.on('message', (message: OrderMessage) => {
    carryOut(message).then(
      (result) => send({ id: message.id, result }),
      (error: unknown) => send({ id: message.id, error: error instanceof Error ? error.message : String(error) })
    )
  })
  // Ctrl-C reaches every process of a terminal; the parent decides what to do about it.
  process.on('SIGINT', () => {})
  process.once('disconnect', () => process.exit())
}

/** Sends the parent an intermediate state of what is under way. */
export function sendProgress (progress: unknown): void {
  send({ progress })
}

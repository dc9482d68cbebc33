// What a process has opened, closed in the reverse order.

/** Collects how to close what was opened. */
export class Closers {
  #closes: Array<() => unknown> = []

  /** Adds a close, which runs before those that were added earlier. */
  readonly defer = (close: () => unknown): void => {
    this.#closes.push(close)
  }

  /**
   * Runs every close once, one after the other, the last one first. A close that throws stops none of the others.
   * @throws the first error of a close, after all of them have run
   */
  readonly close = async (): Promise<void> => {
    const errors: unknown[] = []
    for (const close of this.#closes.splice(0).reverse()) {
      try {
        await close()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}

/**
 * Opens several things that need one another. They stay open when `open` succeeds. When it fails, those that are open
 * are closed.
 * @throws what `open` throws, also where a close fails
 */
export async function openAll<Opened> (open: (closers: Closers) => Promise<Opened>): Promise<Opened> {
  const closers = new Closers()
  try {
    return await open(closers)
  } catch (error) {
    await closers.close().catch(() => {}) // the error that began it says more
    throw error
  }
}

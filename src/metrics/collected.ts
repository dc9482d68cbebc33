// Metrics whose values are read when Prometheus asks: until then the service only adds to plain numbers.
import { Counter, Gauge, type Registry } from 'prom-client'

interface About {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
}

/** Takes a value of a metric, with the labels that it is for. */
export type Report = (value: number, labels?: Readonly<Record<string, string>>) => void

/** Adds a counter; `read` reports its values at each scrape. */
export function collectCounter (
  registry: Registry,
  { labelNames = [], ...about }: About,
  read: (count: Report) => void
): void {
  const counter: Counter = new Counter({
    ...about,
    labelNames: [...labelNames],
    registers: [registry],
    collect () {
      counter.reset()
      read((value, labels = {}) => counter.inc(labels, value))
    }
  })
}

/** Adds a gauge; `read` reports its values at each scrape, or later where it has to ask for them. */
export function collectGauge (
  registry: Registry,
  { labelNames = [], ...about }: About,
  read: (set: Report) => unknown
): void {
  const gauge: Gauge = new Gauge({
    ...about,
    labelNames: [...labelNames],
    registers: [registry],
    async collect () {
      gauge.reset()
      await read((value, labels = {}) => gauge.set(labels, value))
    }
  })
}

/** Lets all the gauges of a scrape share one read. */
export function oncePerScrape<Figures> (read: () => Promise<Figures>): () => Promise<Figures> {
  let reading: Promise<Figures> | undefined
  return async () => {
    reading ??= read().finally(() =>
      setImmediate(() => {
        reading = undefined
      })
    )
    return await reading
  }
}

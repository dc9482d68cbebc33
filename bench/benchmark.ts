// What a benchmark returns.
import type { Section } from '../src/load/report/result.ts'
import type { Options } from './options.ts'

/**
 * What a question finds out. `result` holds every sample, in a shape of its own; `text` is the Markdown that a reader
 * is told: tables and paragraphs. The rest is for the report, where there is any: `headlines` are rows of the table
 * in docs/benchmarks.md, `figures` (one sample a round) what `--compare` looks at, `latencies` and `throughput` are
 * plotted, `curves` show how a cost grows, `flaws` say why not to believe it.
 */
export type Answer = Pick<Section, 'text'> & Partial<Omit<Section, 'name' | 'command' | 'date' | 'text' | 'result'>> & {
  readonly result: object
}

export type Ask = (options: Options, onProgress: (message: string) => void) => Promise<Answer>

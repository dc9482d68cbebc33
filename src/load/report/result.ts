// The file format of a result, the same for `scorewire bench` and `npm run bench`.
import { Type, type Static } from 'typebox'
import { checker, firstProblem } from '../../leaderboard/schema.ts'

/** A figure with one sample for each round, or for each slice of a run; two results are compared by their figures. */
export const Figure = Type.Object({
  name: Type.String(),
  unit: Type.String({ description: 'Such as "ms", "µs of CPU", "requests/s"' }),
  better: Type.Union([Type.Literal('less'), Type.Literal('more')]),
  samples: Type.Array(Type.Number(), { minItems: 1 })
})
export type Figure = Static<typeof Figure>

export const Latencies = Type.Object({
  name: Type.String(),
  micros: Type.String({ description: 'HdrHistogram of µs, compressed, in base64' })
})
export type Latencies = Static<typeof Latencies>

export const Throughput = Type.Object({
  name: Type.String(),
  unit: Type.String({ description: 'What is counted, such as "requests"' }),
  perSecond: Type.Array(Type.Number(), { description: 'One number for each second of the run' })
})
export type Throughput = Static<typeof Throughput>

const Axis = Type.Object({ label: Type.String(), log: Type.Optional(Type.Boolean()) })

/** How something grows with something else. */
const Curve = Type.Object({
  title: Type.String(),
  x: Axis,
  y: Axis,
  lines: Type.Array(Type.Object({
    name: Type.String(),
    points: Type.Array(Type.Tuple([Type.Number(), Type.Number()]))
  }))
})
type Curve = Static<typeof Curve>

/** A headline figure: a row of the table in docs/benchmarks.md, and with `inReadme` of the short one in README.md. */
export const Headline = Type.Object({
  what: Type.String(),
  measured: Type.String(),
  beside: Type.String(),
  inReadme: Type.Optional(Type.Boolean())
})
export type Headline = Static<typeof Headline>

/** One benchmark, or one scenario, and what it measured. */
export const Section = Type.Object({
  name: Type.String(),
  command: Type.String({ description: 'Measures it again' }),
  date: Type.String({ description: 'RFC 3339, when it ended' }),
  text: Type.String({ description: 'Markdown: tables and paragraphs' }),
  flaws: Type.Array(Type.String({ description: 'Why the figures are invalid' })),
  headlines: Type.Array(Headline),
  figures: Type.Array(Figure),
  latencies: Type.Array(Latencies),
  throughput: Type.Array(Throughput),
  curves: Type.Array(Curve),
  result: Type.Unknown({ description: 'Every sample, in a shape of its own' })
})
export type Section = Static<typeof Section>

export const Result = Type.Object({
  format: Type.Literal(1),
  title: Type.String(),
  command: Type.String(),
  date: Type.String(),
  machine: Type.String(),
  versions: Type.Record(Type.String(), Type.String()),
  asked: Type.Record(Type.String(), Type.Unknown()),
  sections: Type.Array(Section)
})
export type Result = Static<typeof Result>

const isResult = checker(Result)

/** A result as it was written to a file called `name`. @throws Error that says in one line what is wrong with it */
export function parseResult (text: string, name: string): Result {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(`${name} is not JSON`)
  }
  if (isResult(value)) return value
  throw new Error(`${name} is no result of a bench of this format: ${firstProblem(isResult)}`)
}

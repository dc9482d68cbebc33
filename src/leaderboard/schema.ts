// The one checker of data against a schema: bodies, queries, files, stored text and replies of scripts.
import { Ajv, type ErrorObject } from 'ajv'
import type { Static, TSchema } from 'typebox'

/**
 * Says whether content fits a schema. `problemsFound` names what was wrong with the content that it has refused last.
 */
interface Checker<Content> {
  (content: unknown): content is Content
  errors?: ErrorObject[] | null
}

const DEMANDING = { allErrors: true, useDefaults: true } as const

/**
 * How content is read. One engine serves all of them. On a reply of the increment script it is as fast as
 * `typebox/compile` (0.7 µs both, nearly all of it the pattern), whose messages differ and which neither converts nor
 * fills in.
 */
const ENGINES = {
  /** Stops at the first problem, and changes nothing of the content. */
  plain: new Ajv(),
  /** Finds every problem, and fills in defaults. A body says what it means: no "5" for 5. */
  complete: new Ajv(DEMANDING),
  /** Like `complete`, and converts text such as a query or an environment, where everything is text. */
  converting: new Ajv({ ...DEMANDING, coerceTypes: true })
} as const

/**
 * Compiles a schema once. None of the three ways drops an unknown field in silence: the schema says whether there may
 * be one.
 */
export function checker<Schema extends TSchema> (
  schema: Schema,
  reading: keyof typeof ENGINES = 'plain'
): Checker<Static<Schema>> {
  return ENGINES[reading].compile<Static<Schema>>(schema)
}

/** What was wrong with the content that a checker has refused last: a path and a sentence each. */
export function problemsFound ({ errors }: Checker<unknown>): { path: string, message: string }[] {
  return (errors ?? []).map((error) => ({ path: error.instancePath, message: messageOf(error) }))
}

/** The first of them as one text, such as `/score must be integer`. */
export function firstProblem (checked: Checker<unknown>): string {
  const [problem] = problemsFound(checked)
  return problem === undefined ? '' : problemText(problem)
}

/** A problem as text; `/` stands for the content itself. */
export function problemText ({ path, message }: { path: string, message: string }): string {
  return `${path || '/'} ${message}`
}

/** A schema's complaint in words that name what was meant. */
function messageOf ({ message = 'is wrong', params }: ErrorObject): string {
  const named = params['additionalProperty'] ?? params['allowedValues']
  if (Array.isArray(named)) return `must be one of ${named.join(', ')}`
  return named === undefined ? message : `${message}: ${String(named)}`
}

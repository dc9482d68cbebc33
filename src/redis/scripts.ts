// Binds the Lua scripts of lua/ to a connection, and holds each call against the script's header.
import { readFileSync } from 'node:fs'
import { basename } from 'node:path/posix'
import type { Redis } from 'ioredis'
import type { Static, TSchema } from 'typebox'
import type { RedisClock } from './clock.ts'
import { checker } from '../leaderboard/schema.ts'

/** Resolves from `src/redis/` and from `dist/redis/` alike. */
const LUA = new URL('../../lua/', import.meta.url)

/** What the twin of a script works with. */
export interface ScriptContext {
  readonly redis: Redis
  readonly clock: RedisClock
  /** Where the scripts are, when not in the project's `lua/`; the tests plant faults in a copy of them. */
  readonly directory?: URL | undefined
}

interface ScriptOptions<Reply extends TSchema> {
  /** The reply that the script's header promises; anything else is an error. */
  readonly reply: Reply
  readonly directory?: URL | undefined
}

/**
 * The text of `lua/<name>.lua`, such as `scoring/increment`, with each line `--#include "file"` replaced by that file
 * of `lua/lib/`.
 */
export function readScript (name: string, directory = LUA): string {
  const read = (file: string) => readFileSync(new URL(file, directory), 'utf8')
  return read(`${name}.lua`).replace(/^--#include "([a-z-]+)"$/gm, (_, file) => read(`lib/${file}.lua`))
}

/** Names and values, and `rest` for what the header leaves open (`[9..]`). */
type Named = Readonly<Record<string, string | number | readonly (string | number)[]>>

/** By the names of the script's header, in any order; or in its order, where there are few or a call is hot. */
export type Given = Named | readonly (string | number)[]

export type Script<Reply> = (keys: Given, args: Given) => Promise<Reply>

/**
 * Binds `lua/<name>.lua` to a connection. The script is sent once and then called by its hash, and sent again
 * where Redis has lost it.
 * A call hands in just the keys and arguments that the script's header names: one that is missing, unknown or
 * too many is an error of this project, and so is a reply word that header and schema do not share.
 * @throws Error at binding where the schema's words are not those of the header
 */
export function bindScript<Reply extends TSchema> (
  redis: Redis,
  name: string,
  { reply, directory = LUA }: ScriptOptions<Reply>
): Script<Static<Reply>> {
  const isReply = checker(reply)
  const lua = readScript(name, directory)
  const header = readHeader(lua)
  for (const word of wordsOf(reply)) {
    if (!header.words.has(word)) throw new Error(`${name}.lua: its header promises no reply '${word}'`)
  }
  const command = basename(name)
  redis.defineCommand(command, { lua })
  const call: unknown = Reflect.get(redis, command)
  if (typeof call !== 'function') throw new Error(`ioredis did not define the command ${command}`)
  return async (keys, args) => {
    const inOrder = [ordered(name, header.keys, keys), ordered(name, header.args, args)] as const
    const answer: unknown = await call.call(redis, inOrder[0].length, ...inOrder[0], ...inOrder[1])
    if (!isReply(answer)) throw new Error(`${name}.lua answered something else than its header says`)
    return answer
  }
}

interface Parameters {
  readonly list: 'KEYS' | 'ARGV'
  readonly names: readonly string[]
  readonly isOpen: boolean
}

/** What a script's header promises: its keys and arguments in order, and the words of its replies. */
interface ScriptHeader {
  readonly keys: Parameters
  readonly args: Parameters
  readonly words: ReadonlySet<string>
}

/**
 * Reads the contract at the head of a script: lines such as `-- KEYS[1] meta`, `-- ARGV[2..]` and `-- Returns
 * 'done'`.
 */
function readHeader (lua: string): ScriptHeader {
  const [header = ''] = /^(#!.*\n)?(--.*\n)+/.exec(lua) ?? []
  const parameters = (list: 'KEYS' | 'ARGV'): Parameters => ({
    list,
    names: [...header.matchAll(new RegExp(`^-- ${list}\\[\\d+\\] +([a-z_]+)`, 'gm'))].map(([, name]) => name!),
    isOpen: new RegExp(`^-- ${list}\\[\\d+\\.\\.\\]`, 'm').test(header)
  })
  const returns = header.slice(header.indexOf('-- Returns'))
  return {
    keys: parameters('KEYS'),
    args: parameters('ARGV'),
    words: new Set([...returns.matchAll(/'([a-z_]+)'/g)].map(([, word]) => word!))
  }
}

/** The words that a reply's schema allows. */
function wordsOf (schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(wordsOf)
  if (typeof schema !== 'object' || schema === null) return []
  const { enum: words = [], const: word, anyOf = [], items = [] } = schema as Record<string, unknown>
  return [...(words as string[]), ...(typeof word === 'string' ? [word] : []), ...wordsOf(anyOf), ...wordsOf(items)]
}

/** What is given, in the header's order. */
function ordered (script: string, { list, names, isOpen }: Parameters, given: Given): readonly (string | number)[] {
  if (isInOrder(given)) {
    if (given.length < names.length || (given.length > names.length && !isOpen)) {
      throw new Error(`${script}.lua takes ${names.length} ${list}${isOpen ? ' or more' : ''}, not ${given.length}`)
    }
    return given
  }
  const { rest = [] } = given
  const values = names.map((name) => {
    const value = given[name]
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new Error(`${script}.lua: ${list} ${name} is missing`)
    }
    return value
  })
  const unknown = Object.keys(given).find((name) => name !== 'rest' && !names.includes(name))
  if (unknown !== undefined) throw new Error(`${script}.lua has no ${list} ${unknown}`)
  if (!Array.isArray(rest) || (rest.length > 0 && !isOpen)) {
    throw new Error(`${script}.lua takes no more ${list} than its header names`)
  }
  return values.concat(rest)
}

const isInOrder = (given: Given): given is readonly (string | number)[] => Array.isArray(given)

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

export interface ScriptOptions<Reply extends TSchema> {
  /** The reply that the script's header promises; anything else is an error. */
  readonly reply: Reply
  readonly directory?: URL | undefined
}

/** The text of `lua/<name>.lua`, such as `scoring/increment`, with each line `--#include "file"` replaced by that file of `lua/lib/`. */
export function readScript (name: string, directory = LUA): string {
  const read = (file: string) => readFileSync(new URL(file, directory), 'utf8')
  return read(`${name}.lua`).replace(/^--#include "([a-z-]+)"$/gm, (_, file) => read(`lib/${file}.lua`))
}

export type Script<Reply> = (keys: readonly string[], args: readonly (string | number)[]) => Promise<Reply>

/**
 * Binds `lua/<name>.lua` to a connection. The script is sent once and then called by its hash, and sent again
 * where Redis has lost it.
 */
export function bindScript<Reply extends TSchema> (
  redis: Redis, name: string, { reply, directory = LUA }: ScriptOptions<Reply>
): Script<Static<Reply>> {
  const isReply = checker(reply)
  const command = basename(name)
  redis.defineCommand(command, { lua: readScript(name, directory) })
  const call: unknown = Reflect.get(redis, command)
  if (typeof call !== 'function') throw new Error(`ioredis did not define the command ${command}`)
  return async (keys, args) => {
    const answer: unknown = await call.call(redis, keys.length, ...keys, ...args)
    if (!isReply(answer)) throw new Error(`${name}.lua answered something else than its header says`)
    return answer
  }
}

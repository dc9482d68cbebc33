import { parseArgs } from 'node:util'
import { ConfigError, readConfig, type Config } from '../config.ts'
import { createWorker } from '../worker.ts'
import { UsageError, type Command } from './command.ts'
import { createLog } from './log.ts'

const NEEDS = ['REDIS_URL', 'DATABASE_URL']

/** `scorewire worker`: archives the ledger, and answers nothing but operators. */
export const worker: Command = async (words, { env, isTerminal, stopSignal }) => {
  try {
    parseArgs({ args: words, options: {} })
  } catch {
    throw new UsageError('scorewire worker takes no options: it is configured by its environment, see the README.')
  }
  const { config, redisUrl, databaseUrl } = workerConfig(env)
  const log = createLog(config, isTerminal)
  const server = await createWorker({ config: { ...config, roles: new Set(['worker'] as const) }, redisUrl, databaseUrl, log, random: Math.random })
  try {
    await server.listen({ host: config.host, port: config.port })
    log.info({ signal: await stopSignal }, 'leaving')
  } finally {
    await server.close()
  }
  log.info({}, 'stopped')
  return 0
}

/** @throws ConfigError also where one of the two stores is missing, production or not */
function workerConfig (env: Readonly<Record<string, string | undefined>>): { config: Config, redisUrl: string, databaseUrl: string } {
  const config = readConfig(env, [])
  const { redisUrl, databaseUrl } = config
  if (redisUrl !== undefined && databaseUrl !== undefined) return { config, redisUrl, databaseUrl }
  throw new ConfigError(NEEDS.filter((name) => !env[name]).map((name) => `${name} is required for a worker`))
}

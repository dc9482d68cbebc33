import { parseArgs } from 'node:util'
import { ConfigError, readConfig, type Config } from '../../config.ts'
import { createWorker } from '../../app/worker.ts'
import { UsageError, type Command } from '../command.ts'
import { createLog } from '../log.ts'

/** `scorewire worker`: does what is done behind the nodes, and answers nothing but operators. */
export const worker: Command = async (words, { env, isTerminal, stopSignal }) => {
  try {
    parseArgs({ args: words, options: {} })
  } catch {
    throw new UsageError('scorewire worker takes no options: it is configured by its environment, see the README.')
  }
  const { config, redisUrl } = workerConfig(env)
  const log = createLog(config, isTerminal)
  const server = await createWorker({ config: { ...config, roles: new Set(['worker'] as const) }, redisUrl, log, random: Math.random })
  try {
    await server.listen({ host: config.host, port: config.port })
    log.info({ signal: await stopSignal }, 'leaving')
  } finally {
    await server.close()
  }
  log.info({}, 'stopped')
  return 0
}

/** @throws ConfigError also where there is no Redis, production or not */
function workerConfig (env: Readonly<Record<string, string | undefined>>): { config: Config, redisUrl: string } {
  const config = readConfig(env, [])
  const { redisUrl } = config
  if (redisUrl === undefined) throw new ConfigError(['REDIS_URL is required for a worker'])
  return { config, redisUrl }
}

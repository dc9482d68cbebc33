// `scorewire serve`: runs a node until it is asked to stop.
import { systemClock } from '../../app/system-clock.ts'
import { createApp } from '../../app.ts'
import { readConfig } from '../../config.ts'
import { startEmbeddedRedis, type EmbeddedRedis } from '../../redis/embedded.ts'
import { VARIABLES } from '../../environment.ts'
import { readNoWords } from '../arguments.ts'
import type { Command } from '../command.ts'
import { makeDevelopmentSecret } from '../development-secret.ts'
import { createLog } from '../log.ts'
import type { Usage } from '../usage.ts'
import { VERSION } from '../version.ts'
import { worker } from './worker.ts'

/** How `scorewire serve` is used. */
export const usage: Usage = {
  summary: 'run a node, which answers requests; its environment configures it',
  forms: ['serve'],
  variables: VARIABLES,
  notes: ['SIGTERM and SIGINT drain the node; a second signal ends it at once.']
}

/** Runs a node, with the Redis of its own where there is no REDIS_URL; without the role api, a worker. */
export const serve: Command = async (words, process) => {
  const { env, isTerminal, write, stopSignal } = process
  readNoWords('serve', words)
  const config = readConfig(env)
  if (!config.roles.has('api')) return await worker(words, process)
  const log = createLog(config, isTerminal)
  const { dataDir } = config
  let redis: EmbeddedRedis | undefined
  try {
    if (config.redisUrl === undefined) redis = await startEmbeddedRedis({ dataDir, path: env['PATH'] ?? '', log })
    const redisUrl = config.redisUrl ?? redis!.url
    const app = await createApp({
      config,
      redisUrl,
      jwtSecret: config.jwtSecret ?? makeDevelopmentSecret(dataDir),
      version: VERSION,
      log,
      now: Date.now,
      random: Math.random,
      clock: systemClock
    })
    try {
      const address = await app.server.listen({ host: config.host, port: config.port })
      if (!config.production) write(welcome(address))
      log.info({ signal: await stopSignal, drainMs: config.drainMs }, 'draining')
      await app.drain()
    } finally {
      await app.server.close()
    }
  } finally {
    await redis?.stop()
  }
  log.info({}, 'stopped')
  return 0
}

/** What a developer wants to know first. */
function welcome (address: string): string {
  return [
    '',
    `  scorewire ${VERSION} is live at ${address}`,
    `  API documentation        ${address}/docs`,
    '  A token                  npx scorewire token <user>',
    '',
    ''
  ].join('\n')
}

// Two nodes behind a real nginx, with the configuration that is shipped.
import { test } from 'tap'
import { nginx } from '../harness/servers/balancer.ts'
import { startCluster } from '../harness/servers/cluster.ts'
import { showScreen } from '../harness/clients/screen.ts'
import {
  answersForNobody,
  countsOnce,
  keepsSecrets,
  keepsTheHost,
  letsNodesSpeakWithoutRedis,
  reachesBothNodes,
  showsWritesOfEitherNode,
  startSecond,
  survivesALeavingNode,
  survivesALostNode,
  takesBatches,
  tellsTheRealAddress
} from './scenarios.ts'

/**
 * What may be under way at a node that ends, of the requests without a key: hardly any, unless the machine stands
 * still just then.
 */
const MAX_CUT_OFF = 150

test('behind nginx', async (t) => {
  const cluster = await startCluster(t, nginx)
  const { balancer, raise } = cluster
  t.equal(balancer.verdict.code, 0)
  t.notMatch(balancer.verdict.out, /\[(warn|alert|emerg)\]/, 'it has nothing to say against its configuration')

  // On a board that nobody plays on, at the node that stays.
  const quiet = ['/ws/scoreboard?board=quiet', '/sse/scoreboard?board=quiet'].map((path) =>
    showScreen(t, balancer.url, { path })
  )
  await Promise.all(quiet.map(async (screen) => await screen.live()))
  await startSecond(cluster)

  await t.test('requests reach both nodes', async (t) => await reachesBothNodes(t, cluster))
  await t.test('an action sent 200 times at once counts once', async (t) => await countsOnce(t, cluster))
  await t.test('every screen shows the writes of either node', async (t) => await showsWritesOfEitherNode(t, cluster))
  await t.test('a node sees the address of the client, whatever the client says', async (t) =>
    await tellsTheRealAddress(t, cluster))
  await t.test('a node sees the host that the client asked for', async (t) => await keepsTheHost(t, cluster))
  await t.test('tokens and figures stay inside', async (t) => await keepsSecrets(t, cluster))
  await t.test('a batch of 1,000 passes', async (t) => await takesBatches(t, cluster))
  await t.test('a lost node costs nothing that was acknowledged, and not a request that carries its key', async (t) => {
    const { keyedFailures } = await survivesALostNode(t, cluster)
    t.strictSame(keyedFailures, [])
  })
  // nginx does not ask whether a node is ready, and finds out that it has left by failing there.
  await t.test('a node that leaves costs no request that carries its key, and hardly another', async (t) => {
    const { failures, keyedFailures } = await survivesALeavingNode(t, cluster)
    t.strictSame(keyedFailures, [])
    t.ok(
      failures.length <= MAX_CUT_OFF && failures.every((failure) => failure.includes('"outcome_unknown"')),
      failures.join('; ')
    )
  })
  await t.test('nodes speak for themselves while Redis is away', async (t) =>
    await letsNodesSpeakWithoutRedis(t, cluster))

  await t.test('a connection on which nothing happens stays', async (t) => {
    await raise(balancer.url, 'ada', { board: 'quiet' })
    for (const screen of quiet) {
      await screen.until(({ top_scores: entries }) => entries.length > 0)
      t.strictSame(screen.ends, [])
    }
  })
  await t.test('without a node, nobody knows', async (t) => await answersForNobody(t, cluster, 'outcome_unknown'))
})

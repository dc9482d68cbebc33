// Stored groups of users over HTTP.
import { Type } from 'typebox'
import { MAX_GROUP_USERS, type Groups } from '../../leaderboard/ranking/group.ts'
import { GroupName, USER_ID_JSON_BYTES, UserId } from '../../leaderboard/identifiers.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { requireScope, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import type { Server } from '../server.ts'

const BODY_LIMIT_BYTES = MAX_GROUP_USERS * USER_ID_JSON_BYTES + 1024

const GroupBody = Type.Object({
  group: Type.String(),
  user_ids: Type.Array(Type.String(), { description: 'Each once, in the order that they were stored in' })
})

const about = {
  tags: ['groups'],
  security: [{ bearer: [] }],
  params: Type.Object({ group: GroupName })
}

const schemas = {
  store: {
    ...about,
    summary: "Store a list of users, such as somebody's friends, in place of the one of this name",
    description:
      'The whole list at once, never a part of it. Sent again it changes nothing. A group is of no board: `GET /v1/boards/{board}/top?group=` ' +
      'shows it on any, to everybody who may read that board.',
    body: Type.Object({
      user_ids: Type.Array(UserId, {
        minItems: 1,
        maxItems: MAX_GROUP_USERS,
        description: 'With or without a score; one named twice is stored once'
      })
    }, { additionalProperties: false }),
    response: { 200: GroupBody, ...PROBLEMS }
  },
  read: { ...about, summary: 'The users of a group', response: { 200: GroupBody, ...PROBLEMS } },
  remove: {
    ...about,
    summary: 'Remove a group, if it is there',
    response: {
      204: Type.Null({ description: 'There is no such group, whether there was one before or not' }),
      ...PROBLEMS
    }
  }
}

interface GroupOptions {
  readonly auth: Auth
  readonly groups: Groups
}

/** `PUT`, `GET` and `DELETE /v1/groups/{group}`. */
export function registerGroup (server: Server, { auth, groups }: GroupOptions): void {
  const path = '/v1/groups/:group'
  const preParsing = [auth.authenticate, requireScope('scores:write', 'admin')]
  server.put(path, { schema: schemas.store, bodyLimit: BODY_LIMIT_BYTES, preParsing }, async (request) => {
    const { group } = request.params
    const userIds = [...new Set(request.body.user_ids)]
    await groups.store(group, userIds)
    return { group, user_ids: userIds }
  })
  server.get(path, { schema: schemas.read, preParsing }, async (request, reply) => {
    const { group } = request.params
    reply.header('cache-control', 'no-store')
    return { group, user_ids: [...await membersOf(groups.read, group)] }
  })
  server.delete(path, { schema: schemas.remove, preParsing }, async (request, reply) => {
    await groups.remove(request.params.group)
    return await reply.code(204).send(null)
  })
}

/** The users of a group. @throws Problem `not_found` */
export async function membersOf (read: Groups['read'], group: string): Promise<readonly string[]> {
  const userIds = await read(group)
  if (userIds === undefined) throw new Problem('not_found', `There is no group called ${JSON.stringify(group)}.`)
  return userIds
}

// The port of stored groups of users.
/** The most users of a group. A read of a group's top reads all of them. */
export const MAX_GROUP_USERS = 1000

/**
 * Stored groups, such as a player's friends. A group belongs to no board and can be read on every board.
 * @throws Problem `unavailable`, and `outcome_unknown` from writes
 */
export interface Groups {
  /** Replaces the users of a group by these, in this order and without duplicates. Sending it twice does no harm. */
  store(group: string, userIds: readonly string[]): Promise<void>
  /** The users in stored order; undefined if the group does not exist. */
  read(group: string): Promise<readonly string[] | undefined>
  /** Removes a group, if it exists. */
  remove(group: string): Promise<void>
}

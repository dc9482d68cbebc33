/** Users of a group at most; a read of its standing looks at all of them. */
export const MAX_GROUP_USERS = 1000

/** Stored groups, such as somebody's friends: of no board, and so for every board. @throws Problem `unavailable`, and `outcome_unknown` where it writes */
export interface Groups {
  /** Stores different users, in this order, in place of those that the group had. Sent twice it is as if it were sent once. */
  store (group: string, userIds: readonly string[]): Promise<void>
  /** The users, in the order that they were stored in; undefined where there is no such group. */
  read (group: string): Promise<readonly string[] | undefined>
  /** There is no such group afterwards, whether there was one or not. */
  remove (group: string): Promise<void>
}

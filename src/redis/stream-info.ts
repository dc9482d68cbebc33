// The reply of XINFO STREAM, whose fields come as a list of names and values.

/** Reads a field of the reply by its name, such as `last-generated-id`; undefined for a field that it does not have. */
export function streamInfo (reply: unknown): (name: string) => unknown {
  const fields = reply as unknown[]
  return (name) => {
    const place = fields.indexOf(name)
    return place < 0 ? undefined : fields[place + 1]
  }
}

/** The id of the last entry that was ever added to the stream. */
export function lastEntryId (reply: unknown): string {
  return String(streamInfo(reply)('last-generated-id'))
}

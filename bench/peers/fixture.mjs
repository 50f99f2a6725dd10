/** What every comparison runs on: one set of servers, and enough rows to tell a scan from an index. */
export const fixture = { rows: 100_000 };

/** Every bound of the service: its name says the unit, its comment the reason. */
export const limits = {
  /** The largest request body: room for a manifest of several hundred kilobytes, not for a flood. */
  bodyBytesMax: 1024 * 1024,
  /** A $batch holds several bodies, each within `bodyBytesMax` (Protocol digest 9.2). */
  batchBodyBytesMax: 4 * 1024 * 1024,
  /** A compressed body may inflate to this much: a bomb stops here. */
  inflatedBodyBytesMax: 10 * 1024 * 1024,
  /** Nesting of a JSON body: the type needs two levels; the rest is room for ignored annotations. */
  bodyDepthMax: 16,
  /** Members in all objects of a JSON body together: bounds the work of duplicate detection. */
  bodyMembersMax: 10_000,
  /** Length of the request target: longer queries go to POST …/$query. */
  addressBytesMax: 16 * 1024,
  /** All request headers together; a token may reach 9 KB. */
  headersBytesMax: 32 * 1024,
  /** Headers of one request must arrive within this time: ends slow-header clients. */
  headersTimeoutMs: 20_000,
  /** A whole request must arrive within this time: ends slow-body clients. */
  requestTimeoutMs: 30_000,
  /** An idle kept-alive connection is closed after this time; longer than common balancers' 60 s. */
  keepAliveTimeoutMs: 65_000,
  /** Query options of one request, custom ones included: bounds the work before any is understood. */
  queryOptionsMax: 256,
  /** Length of an id in an address: ours have 36 characters, imported ones may be longer. */
  keyCharactersMax: 256,
  /** Rows of a page unless the client asks otherwise. */
  pageSizeDefault: 100,
  /** Rows of the largest page; a larger $top is clamped and pages on (Graph's rule for alerts). */
  pageSizeMax: 1000,
  /** Rows an export reads first; what they weigh decides how many it reads at once from then on. */
  exportRowsFirst: 100,
  /** Characters of rows an export aims to hold at once: its memory does not grow with its length. */
  exportCharactersAtOnce: 512 * 1024,
  /** A page token serves for a day, never less than an hour (Protocol 4.10). */
  pageTokenLifetimeMs: 24 * 60 * 60 * 1000,
  /** Tags of one profile: bounds the rows a write touches. */
  collectionItemsMax: 1000,
  /** Values of If-Match or If-None-Match in one header. */
  entityTagsMax: 50,
  /** client-request-id longer than this is replaced by ours. */
  clientRequestIdCharactersMax: 128,
  /** A bearer token longer than this is refused before it is parsed. */
  tokenCharactersMax: 16 * 1024,
  /** Verified tokens remembered so that a signature is checked once: about 1 KB each. */
  tokensRememberedMax: 10_000,
  /** A display name from a token is cut to this: it is kept in every change record. */
  displayNameCharactersMax: 256,
  /** One document of an issuer must arrive within this time: requests wait for it. */
  issuerFetchTimeoutMs: 5000,
  /** A discovery document or key set is a few kilobytes; more is not one. */
  issuerDocumentBytesMax: 256 * 1024,
  /** Keys of one issuer: a dozen in practice. */
  issuerKeysMax: 200,
  /** Keys are fetched anew after a day (Protocol 8.2). */
  issuerKeysLifetimeMs: 24 * 60 * 60 * 1000,
  /** The last good keys serve this long while their issuer is down; later tokens cannot be judged. */
  issuerKeysStaleMaxMs: 7 * 24 * 60 * 60 * 1000,
  /** An unknown key id or a failed fetch asks the issuer again at most this often. */
  issuerRefreshIntervalMs: 30_000,
  /** Local issuer: an access token serves an hour, as Entra ID's do by default. */
  accessTokenLifetimeS: 3600,
  /** Local issuer: a code is redeemed at once by the page it was sent to. */
  authorizationCodeLifetimeS: 300,
  /** Local issuer: a person has this long to enter a device's code. */
  deviceCodeLifetimeS: 900,
  /** Local issuer: a refresh token serves a day after its last use, as Entra ID's do in browsers. */
  refreshTokenLifetimeS: 24 * 60 * 60,
  /** Local issuer: codes of devices and redeemed codes kept in memory. */
  issuerCodesMax: 10_000,
  /** Local issuer: length of one parameter, such as a state or a scope list. */
  issuerParameterCharactersMax: 8 * 1024,
  /** Retry-After is never longer: client libraries cut it at 180 s, come back early and give up (Protocol 12.3). */
  retryAfterMaxS: 120,
  /** $top and $skip beyond this mean all: no store holds more. */
  rowsMax: 2_000_000_000,
  /** Rows of an $apply result, which is not paged; beyond it the question is too broad. */
  applyRowsMax: 10_000,
  /** How much of the database file readers map into memory; SQLite itself allows no more than 2 GiB. */
  mappedBytesMax: 2 * 1024 * 1024 * 1024 - 65_536,
  /** A POST sent again within a day is recognised (Protocol digest 2.10). */
  repeatabilityLifetimeMs: 24 * 60 * 60 * 1000,
  /** Rows of an expanded collection; the rest is behind its next link. */
  expandedPageSizeMax: 20,
  /** Requests in one $batch, as in Graph. */
  batchPartsMax: 20,
  /** Headers of one part of a multipart batch. */
  batchPartHeadersMax: 50,
  /** Requests that $count, $apply or $search make the engine look at many rows count as this many (Protocol 12.1). */
  costlyRequestCost: 5,
  /** The largest rate that can be configured; beyond it a limit means nothing. */
  throttleRateMax: 1_000_000,
  /** Clocks of issuer and service may differ by this much. */
  clockSkewS: 300,
  /** More threads than this read no faster and each costs a database handle. */
  readerThreadsMax: 64,
  /** On shutdown, requests under way get this long to finish. */
  drainTimeoutMs: 10_000,
  /** A refused body is read on up to this size, so that the answer arrives and the connection lives. */
  discardedBodyBytesMax: 16 * 1024 * 1024,
  /** After a refusal that ends a connection, its peer gets this long to read the answer. */
  lingerTimeoutMs: 2_000,
  /** An answer of which no byte moves for this long is given up: ends clients that stop reading. */
  socketTimeoutMs: 120_000,
  /** Answers from this size on are compressed; below, the packet count stays the same. */
  compressedBodyBytesMin: 1024,
  /** Nodes in the tree of one query option: bounds what binding, compiling and the engine have to do. */
  expressionNodesMax: 200,
  /** Nesting of parentheses, calls, lambdas, `not` and `-` in one query option: recursion stays shallow. */
  expressionDepthMax: 50,
  /** Tokens of one query option: room for a full tree and several full lists, not for a flood of short lists. */
  expressionTokensMax: 2000,
  /** Items of one `in (…)` or `[…]`: bounds the parameters of a statement. */
  listItemsMax: 200,
  /** Keys of one $orderby: more than any table has columns worth sorting by. */
  orderByKeysMax: 10,
  /** Names in one $select or $expand, nested ones included. */
  selectNamesMax: 100,
  /** Length of a name in a query option (ABNF odataIdentifier). */
  identifierCharactersMax: 128,
  /** Length of a name with its namespace in a query option: CSDL gives a namespace 511, a dot follows. */
  qualifiedNameCharactersMax: 511 + 1 + 128,
  /** Length of a regular expression in matchespattern: bounds the automaton built from it. */
  patternCharactersMax: 256,
  /** Words of one $search: each is looked up in an index of its own. */
  searchWordsMax: 200,
  /** How often concat in one $apply may read its input, nested and successive ones multiplied. */
  concatBranchesMax: 16,
  /** A question to the database may take this long: a scan of a few million rows fits, a runaway does not. */
  statementTimeMs: 10_000,
  /** A reader thread that was told to stop gets this long; then it is given up and replaced. */
  readerStopGraceMs: 500,
  /** Rows a question may step over on the main thread (about 2 ms) before it moves to a reader thread. */
  briefReadRowsMax: 4096,
  /** The same as time, for rows that are costly to judge: what writers may have to wait for a read. */
  briefReadTimeMs: 4,
  /** A question found long goes straight to a reader thread for this long: its parameters or data may change. */
  longReadMemoryMs: 60_000,
  /** Questions that wait for a reader thread: more would only wait to be refused. */
  waitingReadsMax: 256,
  /** A question waits this long for a reader thread, then it is refused: its client has a time-out, too. */
  readWaitMs: 10_000,
  /** Memory for the values of one reader thread: a page of the largest rows and room to sort, not the process. */
  readerHeapMebibytesMax: 256,
  /** Pages of the file that the writing connection of SQLite keeps: rows that are changed were often changed before. */
  writerCacheBytes: 64 * 1024 * 1024,
  /** Statements one connection keeps prepared: a few kilobytes each. */
  preparedStatementsMax: 256,
  /** Writes that wait for their commit: beyond it the disk is too slow for the load. */
  waitingWritesMax: 4096,
  /** SQLite's log is copied into the file when this much of it waits: a page written often is copied once. */
  logPassBytes: 32 * 1024 * 1024,
  /** At most so much of the log is copied while writers wait. */
  logBriefPassBytes: 4 * 1024 * 1024,
  /** From this size of the log on, writers wait for one pass, so that the log starts anew. */
  logPauseBytes: 128 * 1024 * 1024,
  /** The log never grows beyond this: reads that hold it back are ended, then writes are refused. */
  logBytesMax: 1024 * 1024 * 1024,
  /** A turn of the event loop may take this long before what arrives later in it counts as late. */
  turnBudgetMs: 1000,
  /** Late turns one after the other that make an overload: a pause of the process makes one. */
  overloadTurnsMin: 2,
  /** How long turns must have been late without a break: a burst passes, an overload stays. */
  overloadAfterMs: 2000,
  /** An overload is over when no request was late for this long. */
  overloadCalmMs: 1000,
  /**
   * Requests being answered at the same moment: what waits behind this many would wait for seconds. A client with more
   * connections is told to come back.
   */
  requestsUnderWayMax: 256,
  /** The same in a turn of the event loop that does not end: about what shares a commit. */
  endlessTurnUnderWayMax: 64,
  /** Bytes of request bodies held at the same moment, inflated ones included. */
  bodyBytesUnderWayMax: 256 * 1024 * 1024,
  /** Bytes of answers whose readers are slow; beyond it the slowest are cut off. */
  answerBytesUnderWayMax: 256 * 1024 * 1024,
  /** An answer must be taken at least this fast, or its connection is cut: ends clients that read drop by drop. */
  answerBytesPerSecondMin: 32 * 1024,
  /** How often instances tell each other what they have counted: what arrives in this time may exceed an allowance. */
  throttleExchangeMs: 250,
  /** A connection to PostgreSQL is made within this time, or the database counts as unreachable. */
  connectTimeMs: 3_000,
  /** Work waits this long for a connection to PostgreSQL, then it is refused: its client has a time-out, too. */
  connectionWaitMs: 5_000,
  /** A statement that writes, or reads a row by its key, takes microseconds: beyond this it waits for a lock. */
  rowStatementTimeMs: 5_000,
  /** The server ends a transaction whose service fell silent, because it holds locks. */
  idleTransactionTimeMs: 30_000,
  /** A write that others keep getting in the way of runs again this often in all. */
  writeAttemptsMax: 6,
  /** The pause before a write runs again is random up to this, and twice as long each time. */
  writeRetryPauseMs: 10,
  /** Writes of one tenant that share a transaction: bounds how long the first waits for the last. */
  writesTogetherMax: 32,
  /** Transactions of one tenant under way: one commits, others prepare meanwhile; more would only wait in line. */
  writeGroupsMax: 3,
  /** While some take longer than this, perhaps because of a lock, the next do not wait for them. */
  writesTogetherPatienceMs: 50,
  /** How long a write whose commit was not answered asks for its outcome: a server restarts in less. */
  outcomeTimeMs: 5_000,
  /** While the database is away, it is looked for this often. */
  databaseRetryMs: 500,
  /** More connections than this burden PostgreSQL more than they serve. */
  databasePoolSizeMax: 500,
  /** Rows of the first batch of a table that is copied: then their size is known. */
  copyRowsMin: 50,
  /** Rows of a batch that is copied: enough to make the commit cheap. */
  copyRowsMax: 2000,
  /** Characters of a batch that is copied: bounds memory, whatever the rows are like. */
  copyBatchBytes: 4 * 1024 * 1024,
  /** Connections the system holds until they are accepted; those beyond are dropped, and their clients try again after seconds. */
  backlogConnections: 4096,
} as const;

/** The bounds of `limits.ts` this layer keeps; tests shorten them. */
export type HttpLimits = {
  readonly [Name in
    | 'bodyBytesMax'
    | 'inflatedBodyBytesMax'
    | 'discardedBodyBytesMax'
    | 'compressedBodyBytesMin'
    | 'addressBytesMax'
    | 'headersBytesMax'
    | 'clientRequestIdCharactersMax'
    | 'headersTimeoutMs'
    | 'requestTimeoutMs'
    | 'keepAliveTimeoutMs'
    | 'socketTimeoutMs'
    | 'backlogConnections'
    | 'bodyBytesUnderWayMax'
    | 'answerBytesUnderWayMax'
    | 'answerBytesPerSecondMin'
    | 'lingerTimeoutMs'
    | 'drainTimeoutMs']: number;
};

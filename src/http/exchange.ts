/** A request between its head and its answer, its connection, and what the stages see of it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpRequest } from './message.ts';
import type { Peer } from './peer.ts';

/** How an exchange is named to the client and in the log. */
export type Identity = Pick<HttpRequest, 'id' | 'clientRequestId'>;

/** One request between its head and its answer. */
export interface Exchange extends Identity {
  readonly raw: IncomingMessage;
  readonly reply: ServerResponse;
  readonly method: string;
  readonly target: string;
  readonly startedMs: number;
  readonly connection: Connection;
  /** Bytes of its body that are counted as held until it is answered. */
  bodyBytes: number;
}

/** What must be known when the parser fails in the middle of a connection. */
export interface Connection {
  /** Without proxies in between: the listener's URL, the socket's address. */
  readonly peer: Peer;
  /** The request whose body is arriving. */
  reading: Exchange | undefined;
  /** Requests not answered yet; more than one where a client pipelines. */
  underWay: number;
  /** A refused body is being thrown away: its request has its answer already. */
  discarding: boolean;
  /** Nothing after the requests under way can be understood. */
  broken: boolean;
  /** The last word has been said. */
  refused: boolean;
}

/** A request as the stages see it. A class, because an object literal with a getter costs as much as the whole request. */
export class WireRequest implements HttpRequest {
  readonly id: string;
  readonly clientRequestId: string;
  readonly method: string;
  readonly target: string;
  readonly headers: HttpRequest['headers'];
  readonly body: Uint8Array | undefined;
  readonly publicUrl: string;
  readonly remoteAddress: string;
  readonly #reply: ServerResponse;
  #leave: AbortController | undefined;

  constructor(
    { id, clientRequestId, method, target, raw, reply }: Exchange,
    peer: Peer,
    body: Uint8Array | undefined,
  ) {
    this.id = id;
    this.clientRequestId = clientRequestId;
    this.method = method;
    this.target = target;
    // The one header Node keeps as a list has no meaning in a request.
    if (raw.headers['set-cookie'] !== undefined) delete raw.headers['set-cookie'];
    this.headers = raw.headers as HttpRequest['headers'];
    this.body = body;
    this.publicUrl = peer.publicUrl;
    this.remoteAddress = peer.remoteAddress;
    this.#reply = reply;
  }

  /** Made when first asked for: most requests are answered before anyone could leave. */
  get signal(): AbortSignal {
    this.#leave ??= createLeaveController(this.#reply);
    return this.#leave.signal;
  }
}

function createLeaveController(reply: ServerResponse): AbortController {
  const controller = new AbortController();
  const leave = () => {
    if (!reply.writableEnded) controller.abort();
  };
  if (reply.destroyed) leave();
  else reply.once('close', leave);
  return controller;
}

/** What is asked: syntax only, nothing resolved against a model. */

/** What the addresses of the service begin with, all letters small. */
export const serviceRoots = ['v1.0', 'beta', 'odata/v4'] as const;

/** Service roots; `odata/v4` is the same data for generic OData clients (Protocol digest 3.1). */
export type ServiceRoot = (typeof serviceRoots)[number];

export type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE' | 'OPTIONS';

/** A key in parentheses: `('x')` or `(id='x')`; a key-as-segment arrives as an ordinary segment. */
export interface KeyPredicate {
  /** Undefined for the positional form. */
  readonly name: string | undefined;
  readonly value: string;
}

/** One path segment, percent-decoded once. */
export interface PathSegment {
  readonly text: string;
  /** The text before a key predicate or empty parentheses; equals `text` without them. */
  readonly name: string;
  readonly key: KeyPredicate | undefined;
  /** Whether empty parentheses followed, as in `delta()`. */
  readonly call: boolean;
  /**
   * Why the parentheses hold no readable key, as in `profiles(abc)`; `name` then equals `text`, so that nothing
   * binds by accident. Only who knows the model can say whether this is a broken key (throw pathInvalid with
   * this message) or the value of a key-as-segment, where parentheses are plain characters.
   */
  readonly keyFault: string | undefined;
}

/** The JSON values of a request body. Objects have no prototype. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [name: string]: JsonValue };

/** System query options by canonical lower-case name with `$`, percent-decoded, still text. */
export type QueryOptionName =
  | '$filter'
  | '$orderby'
  | '$select'
  | '$expand'
  | '$top'
  | '$skip'
  | '$count'
  | '$search'
  | '$compute'
  | '$apply'
  | '$format'
  | '$skiptoken'
  | '$deltatoken'
  | '$index'
  | '$levels'
  | '$schemaversion'
  | '$id';

export interface QueryOptions {
  readonly system: ReadonlyMap<QueryOptionName, string>;
  /** Parameter aliases `@name`, without the at sign. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** `*`, or the tags of If-Match / If-None-Match without `W/` and quotes. */
export type EntityTagCondition = '*' | readonly string[];

export type MetadataLevel = 'none' | 'minimal' | 'full';

export interface Preferences {
  readonly return: 'minimal' | 'representation' | undefined;
  readonly maxPageSize: number | undefined;
  readonly omitNulls: boolean;
  readonly includeUnknownEnumMembers: boolean;
  readonly continueOnError: boolean;
}

/** What Accept and $format ask for, in the order of preference. */
export interface MediaRange {
  /** `application/json`, `text/plain`, `*` + `/*` … in lower case. */
  readonly type: string;
  /** Format parameters, names and values in lower case (JSON Format 3), quotes and `q` removed. */
  readonly parameters: ReadonlyMap<string, string>;
  /** 0 to 1; 0 means "not this one". */
  readonly quality: number;
}

/** The headers that make a POST repeatable (OASIS Repeatable Requests 1.0). */
export interface Repeatability {
  /** A GUID in lower case. */
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly firstSentMs: number;
}

export interface RequestHeaders {
  readonly ifMatch: EntityTagCondition | undefined;
  readonly ifNoneMatch: EntityTagCondition | undefined;
  readonly prefer: Preferences;
  /** What $format asks for, else Accept, sorted by quality, then by order; empty when neither was sent. */
  readonly accept: readonly MediaRange[];
  /** Whether OData-Version or OData-MaxVersion was sent: generic OData clients do, Graph SDKs do not. */
  readonly genericClient: boolean;
  /** Undefined where neither header was sent. */
  readonly repeatability: Repeatability | undefined;
  /** The version of the body: `4.01` allows control information without the `odata.` prefix. */
  readonly bodyVersion: '4.0' | '4.01';
}

/** A request after parsing: well-formed, not yet meaningful. */
export interface ODataRequest {
  readonly method: Method;
  readonly root: ServiceRoot;
  /** Segments after the service root; empty for the root itself. */
  readonly segments: readonly PathSegment[];
  readonly options: QueryOptions;
  readonly headers: RequestHeaders;
  /**
   * Reads the JSON body; throws 400 and 415 for one that cannot be read. Left to the plan, so that an address without
   * the method (405) or a caller without the right (403) is told that, not what is wrong with the body. Undefined
   * where the method carries none (GET, HEAD, DELETE, OPTIONS).
   */
  readonly readBody: (() => JsonObject) | undefined;
}

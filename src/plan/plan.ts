/** What a request means: every name resolved, every right checked, no SQL yet. */
import type { TenantId } from '../auth/authenticator.ts';
import type { ComplexValue, EntitySet, EntityValues, Model, Property, PropertyValue } from '../edm/types.ts';
import type { EntityTagCondition, MetadataLevel, Method, ServiceRoot } from '../request/odata-request.ts';
import type { ApplyColumn, ApplyStep } from './apply-steps.ts';
import type { BoundExpression, BoundSearch, OrderKey, Projection } from './bound.ts';
import type { PageTokens } from './page-token.ts';

/** What planning may know beside the request and the principal; time and ids are parameters. */
export interface RequestContext {
  readonly model: Model;
  /** Scheme, host and port of the listener, without a trailing slash. */
  readonly publicUrl: string;
  readonly requestId: string;
  readonly clientRequestId: string;
  readonly pageTokens: PageTokens;
  /** The current instant in ticks (`edm/date-time-offset.ts`); one value per request. */
  readonly nowTicks: bigint;
  readonly newId: () => string;
  readonly policy: ServicePolicy;
  readonly challenge: PermissionChallenge;
  readonly documents: ServiceDocuments;
}

/** Documents made from the model alone, written once. */
export interface ServiceDocuments {
  metadata(root: ServiceRoot, spelling: 'xml' | 'json'): { readonly text: string; readonly tag: string };
  /** @param contextUrl undefined where the client wants no metadata. */
  serviceDocument(root: ServiceRoot, contextUrl: string | undefined): string;
}

/** Writes the WWW-Authenticate header of refusals that planning raises. */
export interface PermissionChallenge {
  missing(): string;
  insufficientScope(permissions: readonly string[]): string;
}

/** Choices of the operator that change meaning, not syntax. */
export interface ServicePolicy {
  /** Refuse writes without If-Match with 428. */
  readonly requireIfMatch: boolean;
  /** How `$top` reads: Graph's page size, OData's total, or by the kind of client. */
  readonly topSemantics: 'auto' | 'graph' | 'odata';
}

/** An entity as the store holds it. */
export interface StoredEntity {
  readonly id: string;
  /** Starts at 1, grows by one with each effective change; the ETag shows it. */
  readonly version: number;
  /** `edm/entity-text.ts` */
  readonly json: string;
}

/** Who is written into the change record. */
export interface Author {
  readonly kind: 'delegated' | 'application' | 'system';
  readonly objectId: string;
  readonly name: string | undefined;
  readonly clientId: string;
  readonly requestId: string;
  readonly clientRequestId: string;
}

/** If-Match and If-None-Match; undefined means not sent. */
export interface Preconditions {
  readonly ifMatch: EntityTagCondition | undefined;
  readonly ifNoneMatch: EntityTagCondition | undefined;
}

/** How the answer is to be written. */
export interface ResponseFormat {
  readonly metadata: MetadataLevel;
  readonly ieee754Compatible: boolean;
  readonly omitNulls: boolean;
  /** Preferences that are honoured, as Preference-Applied says them (Protocol 8.2.8). */
  readonly applied: readonly string[];
}

/** One effect of a body on an entity. */
export type Assignment =
  | { readonly kind: 'replace'; readonly property: Property; readonly value: PropertyValue }
  /** Members present are set, members absent keep their value (Protocol 11.4.3). */
  | { readonly kind: 'merge'; readonly property: Property; readonly members: ComplexValue };

/** What a write answers with. */
export interface WriteAnswer {
  readonly returns: 'representation' | 'minimal';
  /** Whether the client asked, so that Preference-Applied is due. */
  readonly preferred: boolean;
}

interface PlanBase {
  readonly root: ServiceRoot;
  readonly format: ResponseFormat;
}

interface DataPlanBase extends PlanBase {
  readonly entitySet: EntitySet;
  readonly tenantId: TenantId;
}

export interface ReadPlan extends DataPlanBase {
  readonly kind: 'read';
  readonly key: string;
  readonly preconditions: Preconditions;
  /** Undefined: the whole entity. */
  readonly projection: Projection | undefined;
}

/** `/{id}/name`, `/{id}/vendorInformation/provider`, `/{id}/tags/$count`, `/{id}/name/$value` */
export interface PropertyPlan extends DataPlanBase {
  readonly kind: 'property';
  readonly key: string;
  readonly preconditions: Preconditions;
  /** From the entity inwards: one property, or a complex one and its member. */
  readonly path: readonly Property[];
  readonly part: 'json' | 'raw' | 'count';
}

export interface ListPlan extends DataPlanBase {
  readonly kind: 'list';
  /** Rows of this page at most. */
  readonly pageSize: number;
  /** Key values of the last row of the page before; undefined on the first page. */
  readonly after: readonly (string | null)[] | undefined;
  /** Rows still allowed, this page included, when `$top` is a total (Protocol 11.2.6.3). */
  readonly remaining: number | undefined;
  /** Rows to leave out before the first page. */
  readonly skip: number;
  readonly filter: BoundExpression | undefined;
  readonly search: BoundSearch | undefined;
  /** Never empty; the last key is the entity's own, so that the order is total. */
  readonly orderBy: readonly OrderKey[];
  /** `$count=true`, first page only. */
  readonly count: boolean;
  readonly projection: Projection | undefined;
  readonly link: NextLink;
}

/** The media type of an export. */
export type ExportForm =
  /** Unless `raw`, cells that spreadsheets would run as formulas are disarmed, and a byte order mark comes first. */
  { readonly kind: 'csv'; readonly raw: boolean } | { readonly kind: 'ndjson' };

/** A list as one file: page after page of `list`, without an end but the last row. */
export interface ExportPlan extends DataPlanBase {
  readonly kind: 'export';
  /** The first page; those after it differ in `after`, `pageSize` and `remaining` alone. */
  readonly list: ListPlan;
  readonly form: ExportForm;
  /** When it was asked for: its file is named by it. */
  readonly atTicks: bigint;
}

/** What the link to the next page is made of. */
export interface NextLink {
  /** Options to repeat, encoded, without `$skiptoken`; empty or ending in `&`. */
  readonly options: string;
  readonly fingerprint: string;
  /** `now()` of the first page. */
  readonly nowTicks: bigint;
  readonly pageSize: number;
}

/** `/$count`: how many entities pass. */
export interface CountPlan extends DataPlanBase {
  readonly kind: 'count';
  readonly filter: BoundExpression | undefined;
  readonly search: BoundSearch | undefined;
  /** With `$apply`: how many rows its result has. */
  readonly steps: readonly ApplyStep[] | undefined;
}

/** One term of a `$filter` on change records; all of them must hold. */
export type ChangeCondition =
  | {
      readonly kind: 'equals';
      readonly field:
        | 'id'
        | 'kind'
        | 'authorKind'
        | 'authorId'
        | 'authorName'
        | 'clientId'
        | 'requestId'
        | 'clientRequestId';
      readonly value: string;
    }
  /** The instants at these ticks count in with `ge` and `le`. */
  | { readonly kind: 'at'; readonly operator: 'gt' | 'ge' | 'lt' | 'le'; readonly ticks: bigint }
  /** Updates that changed the property; creations and deletions of an entity that had a value of it. */
  | { readonly kind: 'changed'; readonly property: Property };

/** `…/casp.changes()`: change records, newest first. */
export interface ChangesPlan extends DataPlanBase {
  readonly kind: 'changes';
  /** Undefined: of all entities of the set. */
  readonly key: string | undefined;
  /** Records of this page at most. */
  readonly pageSize: number;
  /** Only records from before this position; undefined on the first page. */
  readonly before: bigint | undefined;
  /** As in a list. */
  readonly remaining: number | undefined;
  readonly conditions: readonly ChangeCondition[];
  readonly link: NextLink;
}

/** `$apply`: the steps in order; `$filter`, `$orderby`, `$top`, `$skip` of the request follow as further steps. */
export interface ApplyPlan extends DataPlanBase {
  readonly kind: 'apply';
  readonly steps: readonly ApplyStep[];
  /** The columns of the result in order; undefined while rows are whole entities. */
  readonly columns: readonly ApplyColumn[] | undefined;
  /** While rows are whole entities: what was computed beside them. */
  readonly added: readonly ApplyColumn[];
  /** `$count=true`: the steps whose rows are counted, before `$skip` and `$top`. */
  readonly countSteps: readonly ApplyStep[] | undefined;
}

/** What makes a POST that arrives twice create one entity (Protocol digest 2.10). */
export interface RepeatableRequest {
  readonly requestId: string;
  readonly clientId: string;
  /** Identifies method and address; another use of the same id is refused. */
  readonly fingerprint: string;
  /** Requests remembered from before this instant are forgotten. */
  readonly forgetBeforeTicks: bigint;
}

export interface CreatePlan extends DataPlanBase {
  readonly kind: 'create';
  readonly repeatable: RepeatableRequest | undefined;
  readonly values: EntityValues;
  readonly id: string;
  readonly author: Author;
  readonly atTicks: bigint;
  readonly answer: WriteAnswer;
  /** `$select` on the write: what of the answer is sent. */
  readonly projection: Projection | undefined;
}

export interface UpdatePlan extends DataPlanBase {
  readonly kind: 'update';
  readonly key: string;
  readonly assignments: readonly Assignment[];
  readonly preconditions: Preconditions;
  readonly author: Author;
  readonly atTicks: bigint;
  readonly answer: WriteAnswer;
  readonly projection: Projection | undefined;
}

export interface DeletePlan extends DataPlanBase {
  readonly kind: 'delete';
  readonly key: string;
  readonly preconditions: Preconditions;
  readonly author: Author;
  readonly atTicks: bigint;
}

export interface SingletonPlan extends PlanBase {
  readonly kind: 'singleton';
  readonly name: string;
  /** Contained collections to send with it: `$expand`. */
  readonly expanded: readonly ListPlan[];
}

export interface ServiceDocumentPlan extends PlanBase {
  readonly kind: 'serviceDocument';
}

export interface MetadataPlan extends PlanBase {
  readonly kind: 'metadata';
  readonly spelling: 'xml' | 'json';
  readonly preconditions: Preconditions;
}

export interface OptionsPlan extends PlanBase {
  readonly kind: 'options';
  readonly allow: readonly Method[];
}

export type Plan =
  | ReadPlan
  | PropertyPlan
  | ListPlan
  | ExportPlan
  | CountPlan
  | ChangesPlan
  | ApplyPlan
  | CreatePlan
  | UpdatePlan
  | DeletePlan
  | SingletonPlan
  | ServiceDocumentPlan
  | MetadataPlan
  | OptionsPlan;

/** Plans that touch the store. */
export type DataPlan = Extract<Plan, DataPlanBase>;

/** If-Match and If-None-Match against the version of a row (RFC 9110 13, Protocol 8.2.4, 8.2.5). */
import { ServiceError } from '../errors.ts';
import type { EntityTagCondition, ODataRequest } from '../request/odata-request.ts';
import type { Preconditions } from './plan.ts';

/** What the headers of a request demand of a version. */
export function preconditionsOf({ headers }: ODataRequest): Preconditions {
  return { ifMatch: headers.ifMatch, ifNoneMatch: headers.ifNoneMatch };
}

/** The entity tag of a version, without `W/` and quotes. */
export const entityTag = (version: number): string => String(version);

/** Weak comparison: any tag of the header is enough, `*` matches whatever exists. */
export function matches(condition: EntityTagCondition, version: number): boolean {
  return condition === '*' || condition.includes(entityTag(version));
}

/** Throws 412 unless a write on this version is allowed. */
export function checkWritePreconditions(preconditions: Preconditions, version: number): void {
  checkIfMatch(preconditions, version);
  const { ifNoneMatch } = preconditions;
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, version)) throw mismatch('If-None-Match', version);
}

/** Throws 412 when If-Match does not hold. */
export function checkIfMatch({ ifMatch }: Preconditions, version: number): void {
  if (ifMatch !== undefined && !matches(ifMatch, version)) throw mismatch('If-Match', version);
}

function mismatch(header: string, version: number): ServiceError {
  return new ServiceError(
    'versionMismatch',
    `${header} does not hold: the current version is W/"${entityTag(version)}". Read the entity again and repeat.`,
    { target: header },
  );
}

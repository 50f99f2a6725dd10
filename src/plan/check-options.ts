/** Which query options a resource takes; one that has no meaning is refused, never ignored (Protocol 6.1). */
import { ServiceError } from '../errors.ts';
import type { ODataRequest, QueryOptionName } from '../request/odata-request.ts';

/** Options of the specification that no resource here takes. */
const unbuilt: readonly QueryOptionName[] = ['$deltatoken', '$index', '$levels', '$schemaversion', '$id'];

/** Throws 400 optionNotAllowed or expandNotSupported, 501 optionUnsupported, unless all options are `allowed`. */
export function checkOptions(request: ODataRequest, allowed: readonly QueryOptionName[]): void {
  for (const name of request.options.system.keys()) {
    if (allowed.includes(name)) continue;
    if (name === '$expand') {
      throw new ServiceError(
        'expandNotSupported',
        'Expand is not allowed: the entity schema has no navigation properties.',
        { target: name },
      );
    }
    if (unbuilt.includes(name)) {
      throw new ServiceError('optionUnsupported', `The query option '${name}' is not supported.`, {
        target: name,
      });
    }
    throw new ServiceError(
      'optionNotAllowed',
      `The query specified in the URI is not valid. Query option '${name}' is not allowed here; allowed are ${allowed.join(', ')}.`,
      { target: name },
    );
  }
}

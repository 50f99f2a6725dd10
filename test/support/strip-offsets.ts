/** A syntax tree without its positions, for comparing what was written differently. */

/** A deep copy without the members `offset` and `end`. */
export function stripOffsets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripOffsets);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([name]) => name !== 'offset' && name !== 'end');
  return Object.fromEntries(members.map(([name, member]) => [name, stripOffsets(member)]));
}

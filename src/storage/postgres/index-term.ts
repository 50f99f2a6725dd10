/** How a column stands in an index, so that the orders of lists are the orders of indexes. */

/** A column of an index; null comes first ascending, as in `order by`. */
export function indexTerm(column: string, _type: string, nullable: boolean): string {
  return nullable ? `"${column}" nulls first` : `"${column}"`;
}

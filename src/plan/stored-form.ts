/** Whether entities go out as they are stored. */
import type { ListPlan } from './plan.ts';

/** Whole entities at the minimal metadata level are their stored texts with annotations in front. */
export const isStoredForm = ({ format, projection }: Pick<ListPlan, 'format' | 'projection'>): boolean =>
  format.metadata === 'minimal' && !format.omitNulls && projection === undefined;

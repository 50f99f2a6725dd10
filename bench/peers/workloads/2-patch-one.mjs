import { workload as one } from '../../workloads/2-patch-one.mjs';
import { fixture } from '../fixture.mjs';

/** PATCH of one property of a profile by a random id. */
export const workload = { ...one, fixture, against: ['peers/cap'], goals: { cap: 8 } };

import { workload as one } from '../../workloads/1-get-one.mjs';
import { fixture } from '../fixture.mjs';

/** GET of one profile by a random id. */
export const workload = { ...one, fixture, against: ['peers/cap'], goals: { cap: 20 } };

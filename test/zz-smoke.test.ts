import fc from 'fast-check';
import { it } from 'vitest';
import { filters, orders, searches } from '/work/main/test/support/bound-arbitrary.ts';
import { randomProfiles } from '/work/main/test/support/profile-arbitrary.ts';
import { evaluate, rowOf } from '/work/main/test/support/reference-evaluator.ts';
import { matches, sortRows } from '/work/main/test/support/reference-query.ts';
import { cloudAppSecurityProfile } from '/work/main/src/model/cloud-app-security-profile.ts';
it('smoke', () => {
  const rows = randomProfiles(60, 1).map(rowOf);
  const t0 = performance.now();
  const f = fc.sample(filters, { numRuns: 2000, seed: 2 });
  console.log('gen', performance.now() - t0);
  const t1 = performance.now();
  const hist: Record<string, number> = {};
  let nodes = 0;
  for (const x of f) {
    const r = rows.map((row) => evaluate(x, row));
    const t = r.filter((v) => v === true).length;
    const n = r.filter((v) => v === null).length;
    const key = t === 0 ? (n === 60 ? 'allnull' : 'none') : t === 60 ? 'all' : 'some';
    hist[key] = (hist[key] ?? 0) + 1;
    nodes += JSON.stringify(x, (k, v) => (typeof v === 'bigint' ? String(v) : k === 'leaf' || k === 'type' || k === 'property' ? undefined : v)).split('"kind"').length;
  }
  console.log('eval', performance.now() - t1, hist, nodes / 2000);
  for (const o of fc.sample(orders, { numRuns: 300, seed: 1 })) sortRows(o, rows);
  const s = fc.sample(searches, { numRuns: 500, seed: 1 }).map((q) => rows.filter((r) => matches(q, r.entity!, cloudAppSecurityProfile)).length);
  console.log(s.filter((n) => n === 0).length, s.filter((n) => n === 60).length, s.slice(0, 50).join(' '));
});

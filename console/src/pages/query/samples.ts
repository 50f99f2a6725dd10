/** Requests to begin with, made from the model. */
import { bandFilter, decisionFilter, meaningful } from '../../profile-meaning.ts';
import type { RiskScale } from '../../risk.ts';
import type { Typed } from './request.ts';

/** A named request. */
export interface Sample {
  readonly name: string;
  readonly typed: Typed;
}

/** Samples of one kind. */
export interface SampleGroup {
  readonly title: string;
  readonly samples: readonly Sample[];
}

const sample = (name: string, address: string, more: Partial<Typed> = {}): Sample => ({
  name,
  typed: { method: 'GET', address, body: '', headers: '', ...more },
});
const json = (value: unknown): string => JSON.stringify(value, null, 2);

/** The samples, for an app to look at and the scales of this server. */
export function samplesFor(
  collection: string,
  id: string | undefined,
  scales: readonly RiskScale[],
): readonly SampleGroup[] {
  const one = `${collection}/${id ?? '053c36a0-36a0-053c-a036-3c05a0363c05'}`;
  const { name, publisher, score, permission, platform, modified, tags } = meaningful;
  return [
    {
      title: 'Getting going',
      samples: [
        sample('The first five apps', `${collection}?$top=5`),
        sample('One app', one),
        sample('How many', `${collection}/$count`),
        sample('Only some properties', `${collection}?$select=${name},${publisher},${score}&$top=10`),
        sample('Words anywhere', `${collection}?$search="contoso"&$top=10`),
      ],
    },
    {
      title: 'Filters',
      samples: [
        sample('High risk', `${collection}?$filter=${bandFilter('high', scales)}&$top=20`),
        sample('Undecided', `${collection}?$filter=${decisionFilter('undecided')}&$top=20`),
        sample(
          'Unsigned, with administrator permission',
          `${collection}?$filter=${meaningful.signed} eq false and ${permission} eq 'administrator'`,
        ),
        sample(
          'Changed in the last week',
          `${collection}?$filter=${modified} ge now() sub duration'P7D'&$orderby=${modified} desc`,
        ),
      ],
    },
    {
      title: 'Paging and groups',
      samples: [
        sample('Pages of two, with the number of all', `${collection}?$top=2&$count=true&$orderby=${name}`, {
          headers: 'Prefer: odata.maxpagesize=2',
        }),
        sample(
          'Apps of each platform',
          `${collection}?$apply=groupby((${platform}),aggregate($count as apps))`,
        ),
        sample('Who changed what', `${collection}/casp.changes()?$top=5`),
      ],
    },
    {
      title: 'Changes',
      samples: [
        sample('Change a score', one, { method: 'PATCH', body: json({ [score]: '4' }) }),
        sample('Change it only if nobody else has', one, {
          method: 'PATCH',
          headers: 'If-Match: W/"1"',
          body: json({ [tags]: ['Monitored'] }),
        }),
        sample('Create an app', collection, {
          method: 'POST',
          body: json({ [name]: 'My app', [publisher]: 'Contoso', [score]: '4' }),
        }),
        sample('Two requests at once', '/$batch', {
          method: 'POST',
          body: json({
            requests: [
              { id: '1', method: 'GET', url: `${collection}?$top=1` },
              { id: '2', method: 'GET', url: `${collection}/$count` },
            ],
          }),
        }),
      ],
    },
    {
      title: 'Documents',
      samples: [
        sample('The model as JSON', '/$metadata', { headers: 'Accept: application/json' }),
        sample('As CSV', `${collection}?$select=${name},${publisher}&$top=20&$format=csv`),
      ],
    },
  ];
}

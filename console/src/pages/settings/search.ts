/** What the address of Settings holds. */

/** The sections, in their order. */
export const sections = ['access', 'appearance', 'system'] as const;
/** A section. */
export type Section = (typeof sections)[number];

/** The search parameters. */
export interface SettingsSearch {
  readonly section?: Section;
}

/** Reads the search parameters; what it does not know is dropped. */
export function parseSettingsSearch(raw: Readonly<Record<string, unknown>>): SettingsSearch {
  const section = sections.find((each) => each === raw.section);
  return section === undefined ? {} : { section };
}

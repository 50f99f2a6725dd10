/** How PostgreSQL spells a parameter; its index counts from 1. */
export const placeholder = (index: number): string => `$${index}`;

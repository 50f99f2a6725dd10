/** The words of charts. */
export const strings = {
  asTable: (title: string) => `View as table: ${title}`,
  asChart: (title: string) => `View as chart: ${title}`,
  what: 'What',
  apps: 'Apps',
  share: 'Share',
  nothing: 'Nothing to show.',
} as const;

/** Dates and numbers as the reader's language writes them. */

/** Where times are shown; the other spelling is one hover away. */
export type TimeZone = 'local' | 'utc';

/** Writers of dates and numbers; a text that is no date comes back as it is. */
export interface Format {
  date(iso: string): string;
  dateTime(iso: string): string;
  /** The same moment in the other time zone, for a tooltip. */
  otherZone(iso: string): string;
  utc(iso: string): string;
  /** `3 hours ago`. */
  relative(iso: string): string;
  number(value: number): string;
}

const units = [
  ['year', 365 * 24 * 60 * 60],
  ['month', 30 * 24 * 60 * 60],
  ['week', 7 * 24 * 60 * 60],
  ['day', 24 * 60 * 60],
  ['hour', 60 * 60],
  ['minute', 60],
] as const;

/** Creates the writers; `language` undefined is the browser's, `now` in milliseconds. */
export function createFormat(language: string | undefined, zone: TimeZone, now: () => number): Format {
  const utcZone = { timeZone: 'UTC', timeZoneName: 'short' } as const;
  const dateTimeStyle = {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  } as const;
  const local = new Intl.DateTimeFormat(language, { ...dateTimeStyle, timeZoneName: 'short' });
  const universal = new Intl.DateTimeFormat(language, { ...dateTimeStyle, ...utcZone });
  const day = new Intl.DateTimeFormat(language, {
    dateStyle: 'medium',
    ...(zone === 'utc' ? { timeZone: 'UTC' } : {}),
  });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const number = new Intl.NumberFormat(language);
  const write = (format: Intl.DateTimeFormat, iso: string) => {
    const date = new Date(iso);
    return Number.isNaN(date.getTime()) ? iso : format.format(date);
  };
  return {
    date: (iso) => write(day, iso),
    dateTime: (iso) => write(zone === 'utc' ? universal : local, iso),
    otherZone: (iso) => write(zone === 'utc' ? local : universal, iso),
    utc: (iso) => write(universal, iso),
    relative(iso) {
      const seconds = (new Date(iso).getTime() - now()) / 1000;
      if (Number.isNaN(seconds)) return iso;
      const unit = units.find(([, size]) => Math.abs(seconds) >= size);
      if (unit === undefined) return relative.format(0, 'second');
      return relative.format(Math.trunc(seconds / unit[1]), unit[0]);
    },
    number: (value) => number.format(value),
  };
}

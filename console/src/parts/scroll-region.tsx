/** A part of a page that scrolls by itself: the keyboard has to reach it, and a screen reader to name it. */
import type { ReactNode } from 'react';

const reachable = { tabIndex: 0 } as const;

/** The region; `label` names it. */
export function ScrollRegion(props: {
  readonly label: string;
  readonly className: string;
  readonly children: ReactNode;
}) {
  return (
    <section {...reachable} aria-label={props.label} className={props.className}>
      {props.children}
    </section>
  );
}

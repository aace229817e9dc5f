import type { ComponentChildren } from "preact";

/** A part of the page: its heading, which the links at the top repeat. */
export interface SectionName {
  readonly id: string;
  readonly title: string;
}

interface SectionProps extends SectionName {
  /** Of a page that may show it later. */
  readonly hidden?: boolean;
  readonly children: ComponentChildren;
}

/** A landmark with a heading, which the links at the top lead to. */
export function Section({ id, title, hidden, children }: SectionProps) {
  return (
    <section id={id} aria-labelledby={`${id}-title`} hidden={hidden}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  );
}

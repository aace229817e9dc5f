import type { ComponentChildren } from "preact";

/** A part of the page: its heading, which the links at the top repeat. */
export interface SectionName {
  readonly id: string;
  readonly title: string;
}

/** A landmark with a heading, which the links at the top lead to. */
export function Section({ id, title, children }: SectionName & { readonly children: ComponentChildren }) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  );
}

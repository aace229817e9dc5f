import type { ComponentChildren } from "preact";
import type { PagePart } from "./page-parts.js";
import { Section, type SectionName } from "./section.js";

/** For the keyboard: past the links, to what they lead to. */
export function SkipLink() {
  return (
    <a class="skip" href="#main">
      To the content
    </a>
  );
}

interface HeaderProps {
  readonly kind: string;
  readonly title: string;
  readonly children: ComponentChildren;
}

/** Title, what it is of, and the button of the theme. */
export function PageHeader({ kind, title, children }: HeaderProps) {
  return (
    <header>
      <p class="kind">autodual, {kind}</p>
      <h1>{title}</h1>
      {children}
      <button type="button" class="theme" hidden>
        Dark theme
      </button>
    </header>
  );
}

/** Links to all sections. */
export function PageNav({ parts, id }: { readonly parts: readonly SectionName[]; readonly id?: string }) {
  return (
    <nav aria-label="Sections" id={id}>
      <ul>
        {parts.map(({ id, title }) => (
          <li>
            <a href={`#${id}`}>{title}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** What was found to be amiss, one line each; nothing where nothing was. */
export function PageNotes({ notes }: { readonly notes: readonly string[] }) {
  if (notes.length === 0) return null;
  return (
    <ul class="notes">
      {notes.map((note) => (
        <li>{note}</li>
      ))}
    </ul>
  );
}

/** A part of the page as a section with its heading. */
export function PartSection({
  part,
  hidden = false,
}: {
  readonly part: PagePart;
  readonly hidden?: boolean;
}) {
  const { lead, body, ...name } = part;
  return (
    <Section {...name} hidden={hidden}>
      {lead && <p>{lead}</p>}
      {body}
    </Section>
  );
}

/** Who made the page, and what certificates are about. */
export function PageFooter({ by, command }: { readonly by: string; readonly command: string }) {
  return (
    <footer>
      <p>
        {by} <code>{command}</code>. Certificates are about the ball that is stated and nothing else; “not
        certified” does not mean “attackable”.
      </p>
    </footer>
  );
}

/** An element of XML as a test reads it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Reads XML 1.0 without comments, sections and definitions, and refuses what is not well-formed. */
export function readXml(xml: string): XmlElement {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!xml.startsWith(declaration)) throw new Error("expected a declaration");
  // Throws where half of a surrogate pair stands alone.
  encodeURIComponent(xml);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.exec(xml);
  if (forbidden) throw new Error(`a character that XML does not have at ${forbidden.index}`);
  let at = declaration.length;
  const match = (pattern: RegExp): RegExpExecArray => {
    const sticky = new RegExp(pattern.source, "y");
    sticky.lastIndex = at;
    const found = sticky.exec(xml);
    if (!found) throw new Error(`expected ${pattern.source} at ${JSON.stringify(xml.slice(at, at + 40))}`);
    at = sticky.lastIndex;
    return found;
  };
  const element = (): XmlElement => {
    const [, name] = match(/<([a-z-]+)/);
    const attributes: Record<string, string> = {};
    while (xml[at] === " ") {
      const [, key, value] = match(/ ([a-zA-Z0-9]+)="([^"<]*)"/);
      if (key in attributes) throw new Error(`${key} twice`);
      attributes[key] = unescaped(value);
    }
    if (match(/\/?>/)[0] === "/>") return { name, attributes, children: [], text: "" };
    const children: XmlElement[] = [];
    let text = "";
    while (!xml.startsWith("</", at)) {
      if (xml[at] === "<") children.push(element());
      else text += unescaped(match(/[^<]+/)[0]);
    }
    match(new RegExp(`</${name}>`));
    return { name, attributes, children, text };
  };
  const root = element();
  if (xml.slice(at) !== "\n") throw new Error("more than one element");
  return root;
}

function unescaped(text: string): string {
  return text.replace(/&(#?\w*)(;?)/g, (_, name: string, end: string) => {
    const own = name.startsWith("#") ? String.fromCodePoint(Number(name.slice(1))) : NAMED[name];
    if (own === undefined || end === "") throw new Error(`&${name} is no reference`);
    return own;
  });
}

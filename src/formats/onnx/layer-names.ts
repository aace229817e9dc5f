import type { NodeProto } from "onnx-buf";

/** Layer names: the nodes' own where they are unique and one line of text, else operator and a number. */
export function layerNames(nodes: readonly NodeProto[]): ReadonlyMap<NodeProto, string> {
  const counts = new Map<string, number>([["input", 1]]);
  for (const { name } of nodes) counts.set(name, (counts.get(name) ?? 0) + 1);
  const taken = new Set(counts.keys());
  const numbers = new Map<string, number>();
  const made = new Map<NodeProto, string>();
  for (const node of nodes) {
    if (/^\P{Cc}+$/u.test(node.name) && counts.get(node.name) === 1) {
      made.set(node, node.name);
      continue;
    }
    const kind = /^\w+$/.test(node.opType) ? node.opType : "node";
    let name: string;
    do {
      const number = (numbers.get(kind) ?? 0) + 1;
      numbers.set(kind, number);
      name = `${kind}${number}`;
    } while (taken.has(name));
    made.set(node, name);
  }
  return made;
}

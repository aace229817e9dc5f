/**
 * What a terminal of so many columns shows of the bytes that it was sent, lines that have scrolled away included: enough of
 * its language for what is drawn here. Throws on any other sequence.
 */
export function screenOf(sent: string, columns: number): string[] {
  const lines: string[][] = [[]];
  let [row, column] = [0, 0];
  let saved: [number, number] = [0, 0];
  const put = (text: string): void => {
    if (column >= columns) [row, column] = [row + 1, 0];
    while (lines.length <= row) lines.push([]);
    while (lines[row].length < column) lines[row].push(" ");
    lines[row][column++] = text;
  };
  const actions: Readonly<Record<string, () => void>> = {
    "\r": () => {
      column = 0;
    },
    "\n": () => {
      row += 1;
      while (lines.length <= row) lines.push([]);
    },
    "\u001b7": () => {
      saved = [row, column];
    },
    "\u001b8": () => {
      [row, column] = saved;
    },
    "\u001b[1G": () => {
      column = 0;
    },
    "\u001b[K": () => lines[row].splice(column),
    "\u001b[0K": () => lines[row].splice(column),
    "\u001b[2K": () => lines[row].splice(0),
    "\u001b[0J": () => {
      lines[row].splice(column);
      lines.splice(row + 1);
    },
    "\u001b[1m": () => {},
    "\u001b[22m": () => {},
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what a terminal is sent.
  for (const [part] of sent.matchAll(/\u001b\[[\d;?]*[A-Za-z]|\u001b.|[\s\S]/gu)) {
    const action = actions[part];
    if (action) action();
    else if (part < " ") throw new Error(`no terminal for ${JSON.stringify(part)}`);
    else put(part);
  }
  return lines.map((line) => line.join("").trimEnd());
}

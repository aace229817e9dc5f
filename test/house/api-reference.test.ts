import { fileURLToPath } from "node:url";
import { Application, type DeclarationReflection, Logger, LogLevel, type ProjectReflection } from "typedoc";
import { beforeAll, describe, expect, it } from "vitest";

/** Keeps what TypeDoc would print. */
class Messages extends Logger {
  readonly faults: string[] = [];

  override log(message: string, level: LogLevel): void {
    if (level >= LogLevel.Warn) this.faults.push(message);
  }
}

/** `npm run api` without the pages. Types are those that `npm run check` has checked. */
async function convert(
  messages: Messages,
  entry: string,
): Promise<{ app: Application; project: ProjectReflection }> {
  const options = fileURLToPath(new URL("../../typedoc.json", import.meta.url));
  const app = await Application.bootstrapWithPlugins({
    options,
    entryPoints: [fileURLToPath(new URL(`../../src/${entry}.ts`, import.meta.url))],
    skipErrorChecking: true,
    logLevel: "Warn",
  });
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error(`${options}: see what is printed`);
  app.logger = messages;
  const project = await app.convert();
  if (!project) throw new Error(messages.faults.join("\n"));
  return { app, project };
}

describe.each([
  { entry: "index", names: ["certify", "Dataset", "RunFolder.writeModel"] },
  { entry: "internals", names: ["certifyBatch", "Ball", "Tape.checkpoint"] },
])("the API reference of $entry", ({ entry, names }) => {
  const messages = new Messages();
  let app: Application;
  let project: ProjectReflection;

  beforeAll(async () => {
    ({ app, project } = await convert(messages, entry));
  });

  it("is made and checked without a warning", () => {
    app.validate(project);
    expect(messages.faults).toEqual([]);
  });

  it("shows every public name in one category", () => {
    const shown = project.categories?.flatMap(({ children }) => children.map(({ name }) => name)) ?? [];
    expect(shown.length).toBeGreaterThan(100);
    expect(shown.sort()).toEqual(project.children?.map(({ name }) => name).sort());
  });

  it.each(names)("tells %s without a docstring", (name) => {
    const reflection = project.getChildByName(name) as DeclarationReflection;
    for (const documented of [reflection, ...(reflection.signatures ?? [])]) delete documented.comment;
    messages.faults.length = 0;
    app.validate(project);
    expect(messages.faults).toContainEqual(expect.stringMatching(`^${name} .*not have any documentation`));
  });
});

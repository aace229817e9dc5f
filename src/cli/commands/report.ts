import { dirname, join } from "node:path";
import type { Command } from "commander";
import { writeFileAtomically } from "../../formats/write-file.js";
import { modelCard } from "../../report/model-card.js";
import { renderPage } from "../../report/page/render-page.js";
import { CARD_FILE, REPORT_FILE } from "../../runs/measured-files.js";
import { cardContext } from "../../runs/page/card-context.js";
import { readRun } from "../../runs/page/read-run.js";
import { reportRecord } from "../../runs/page/report-json.js";
import { writeFigures } from "../../runs/page/write-report.js";
import { someText } from "../arguments.js";
import { addJsonOption, type JsonOptions } from "../common-options.js";
import type { CommandContext } from "../context.js";
import { checkDistinctFiles } from "../distinct-files.js";
import { checkWritable, Output } from "../output.js";
import { openOutputFolder } from "../output-folder.js";
import { formatBytes, plural } from "../wording.js";

interface ReportFlags extends JsonOptions {
  readonly out?: string;
  readonly figures?: string;
  readonly card?: true;
}

/** `autodual report`: a run as one HTML file that needs nothing else. */
export function addReport(program: Command, context: CommandContext): void {
  const command = program
    .command("report")
    .description("write a run as one HTML page: what is guaranteed, curves, margins, examples")
    .argument("<run>", "a run folder, of a single model or of a cascade")
    .option("--out <file>", `the page (default: RUN/${REPORT_FILE})`, someText("--out", "a file"))
    .option(
      "--figures <dir>",
      "also write every plot as SVG and PNG into this folder",
      someText("--figures", "a folder"),
    )
    .option("--card", `also write a model card in Markdown, ${CARD_FILE}, beside the page`);
  addJsonOption(command).action(async (run: string, flags: ReportFlags) => {
    await report(run, flags, context);
  });
}

async function report(folder: string, flags: ReportFlags, { io }: CommandContext): Promise<void> {
  const output = new Output(io, flags.json);
  checkDistinctFiles({ "--json": flags.json, "--out": flags.out }, { models: [folder] });
  if (flags.out !== undefined) checkWritable("--out", flags.out);
  const record = await readRun(folder);
  const path = flags.out ?? join(folder, REPORT_FILE);
  const page = renderPage(record);
  await writeFileAtomically(path, page);
  if (flags.figures !== undefined) {
    openOutputFolder("--figures", flags.figures);
    const paths = await writeFigures(record, flags.figures);
    output.print(paths.length === 0 ? "nothing to plot yet" : `wrote ${paths.join(", ")}`);
  }
  if (flags.card) {
    const card = join(dirname(path), CARD_FILE);
    await writeFileAtomically(card, modelCard(record, await cardContext(folder)));
    output.print(`card ${card}`);
  }
  const written = reportRecord(record);
  const absent = Object.keys(written.missing);
  if (absent.length > 0)
    output.print(`${plural(absent.length, "part")} not at hand: ${absent.join(", ")}; the page says why`);
  output.print(`report ${path} (${formatBytes(Buffer.byteLength(page))})`);
  await output.writeJson(written);
}

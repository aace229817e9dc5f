import { ShapeError, UsageError } from "../errors.js";
import type { Axis, Figure, Panel, Regions, Series } from "./figure.js";

/** Below this there is no room for ticks; above it a picture is no longer one. */
const SIDE = { least: 40, most: 4000 };
/** Beyond it, and on log axes below its inverse, double precision has no room for the margin around the values. */
const LARGEST = 1e200;

/**
 * Refuses a figure that cannot be drawn as it stands: nothing to draw, a name twice in a panel, a domain without
 * width, values that are not finite or have no place on a log axis (`UsageError`); lists whose lengths differ
 * (`ShapeError`). The message names the panel, counted from 1, and the series.
 */
export function checkFigure({ panels, panelSize }: Figure): void {
  if (panels.length === 0) throw new UsageError("a figure needs at least one panel, found none");
  for (const [name, side] of Object.entries(panelSize ?? {})) {
    if (!(side >= SIDE.least && side <= SIDE.most)) {
      throw new UsageError(`panel ${name}: expected ${SIDE.least} to ${SIDE.most} pixels, found ${side}`);
    }
  }
  panels.forEach((panel, i) => {
    checkPanel(panel, `panel ${i + 1}`);
  });
}

function checkPanel({ x, y, series, regions }: Panel, where: string): void {
  checkDomain(x, `${where}, x axis`);
  checkDomain(y, `${where}, y axis`);
  if (regions) checkRegions(regions, x, y, where);
  if (series.length === 0) throw new UsageError(`${where}: expected at least one series, found none`);
  const names = { solid: new Set<string>(), dashed: new Set<string>() };
  for (const each of series) {
    const here = `${where}, series "${each.name}"`;
    const alike = names[each.dashed ? "dashed" : "solid"];
    if (alike.has(each.name)) {
      throw new UsageError(`${here}: another series of this panel has the same name`);
    }
    alike.add(each.name);
    checkSeries(each, x, y, here);
  }
}

function checkRegions({ columns, values }: Regions, x: Axis, y: Axis, where: string): void {
  if (!x.domain || !y.domain)
    throw new UsageError(`${where}: expected domains of both axes, which regions fill`);
  const rows = values.length / columns;
  if (!(Number.isInteger(columns) && columns > 0 && Number.isInteger(rows) && rows > 0)) {
    throw new ShapeError(
      `${where}: expected whole rows of ${columns} regions, found ${values.length} in all`,
    );
  }
}

function checkDomain({ domain, scale }: Axis, where: string): void {
  if (domain === undefined) return;
  const [low, high] = domain;
  checkValues(domain, "domain", scale, where);
  if (low >= high) throw new UsageError(`${where}: expected a domain that rises, found ${low} to ${high}`);
}

function checkSeries({ x, y, yLow, yHigh, reach }: Series, xAxis: Axis, yAxis: Axis, where: string): void {
  if (x.length === 0) throw new UsageError(`${where}: expected at least one point, found none`);
  if (reach !== undefined && !(reach > 0 && reach <= LARGEST)) {
    throw new UsageError(`${where}: expected a reach above 0, found ${reach}`);
  }
  if ((yLow === undefined) !== (yHigh === undefined)) {
    throw new UsageError(`${where}: expected yLow and yHigh together, found only one of them`);
  }
  checkValues(x, "x", xAxis.scale, where);
  for (const [name, values] of Object.entries({ y, yLow, yHigh })) {
    if (values === undefined) continue;
    if (values.length !== x.length) {
      throw new ShapeError(`${where}: expected ${x.length} ${name} for as many x, found ${values.length}`);
    }
    checkValues(values, name, yAxis.scale, where);
  }
  const crossed = yLow?.findIndex((low, i) => low > yHigh![i]) ?? -1;
  if (crossed >= 0) {
    throw new UsageError(`${where}: yLow[${crossed}] ${yLow![crossed]} is above yHigh ${yHigh![crossed]}`);
  }
}

function checkValues(values: readonly number[], name: string, scale: Axis["scale"], where: string): void {
  const odd = values.findIndex((value) => !(Math.abs(value) <= LARGEST));
  if (odd >= 0) {
    throw new UsageError(
      `${where}: ${name}[${odd}] is ${values[odd]}, expected a finite number of at most ${LARGEST}`,
    );
  }
  const low = scale === "log" ? values.findIndex((value) => value < 1 / LARGEST) : -1;
  if (low >= 0) {
    throw new UsageError(
      `${where}: ${name}[${low}] is ${values[low]}, expected a number above 0 for a log axis`,
    );
  }
}

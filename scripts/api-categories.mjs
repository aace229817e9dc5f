// A TypeDoc plugin: the public names by category, as the rooms of src have them. A name from a folder without a line here
// is a warning, and so fails the reference.
import { Converter, ReflectionCategory } from "typedoc";

/** In the order in which they are shown. Of two paths that fit, the longer counts. */
const CATEGORIES = {
  "One call each": ["src/library/"],
  "Runs and data sets": ["src/runs/"],
  Networks: ["src/network/", "src/activations/", "src/compute/elementwise.ts"],
  Data: ["src/data/"],
  "Models and files": ["src/formats/"],
  Reports: ["src/report/"],
  "Threat models": ["src/threat/"],
  Bounds: ["src/dual/"],
  "Random projections": ["src/estimators/"],
  Certify: ["src/certify/"],
  Drift: ["src/drift/"],
  Cascades: ["src/cascade/"],
  Attack: ["src/attack/"],
  Verify: ["src/verify/", "src/formats/vnnlib/"],
  Train: ["src/train/", "src/distributed/"],
  Gradients: ["src/autodiff/"],
  Backends: ["src/compute/"],
  Errors: ["src/errors.ts"],
};

const PATHS = Object.entries(CATEGORIES)
  .flatMap(([title, paths]) => paths.map((path) => ({ title, path })))
  .sort((a, b) => b.path.length - a.path.length);

/** After TypeDoc's own categories (−200), of which there are none. */
const PRIORITY = -300;

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.converter.on(
    Converter.EVENT_RESOLVE_END,
    ({ project }) => {
      const categories = Object.keys(CATEGORIES).map((title) => new ReflectionCategory(title));
      for (const reflection of project.children ?? []) {
        const file = reflection.sources?.[0]?.fileName ?? "an unknown file";
        const title = PATHS.find(({ path }) => file.startsWith(path))?.title;
        if (title) categories.find((category) => category.title === title).children.push(reflection);
        else app.logger.warn(`${reflection.name}: scripts/api-categories.mjs has no category for ${file}`);
      }
      project.categories = categories.filter(({ children }) => children.length > 0);
    },
    PRIORITY,
  );
}

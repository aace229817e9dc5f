// What several ranks pay a step, for docs/scale.md: gradients of the paper's networks are read, summed over all ranks and put back, as
// a step does it, and a message of a few numbers is summed. Medians and minima, as JSON:
//
//   npm run build && npm run build:mpi && mpirun -n 2 node scripts/measure-ranks.mjs [--times 30]
import { joinJob } from "../dist/distributed/mpi.js";
import { reduceGradients } from "../dist/distributed/reduce-gradients.js";
import { Team } from "../dist/distributed/team.js";
import { architecture, createBackend } from "../dist/internals.js";

const at = process.argv.indexOf("--times");
const times = at < 0 ? 30 : Number(process.argv[at + 1]);
const ranks = joinJob(process.env);
const team = new Team(ranks);
const backend = await createBackend("auto", { threads: 1 });
const found = { ranks: ranks.size, onThisMachine: ranks.localSize, backend: backend.name, times };

found.fewNumbers = await measured(async () => {
  await team.sums([1, 2, 3, 4, 5, 6]);
});
for (const name of ["small", "large", "resnet"]) {
  const network = architecture(name, { inputShape: [3, 32, 32], classes: 10 });
  const shapes = network.parameters
    .filter(({ role }) => role === "trained")
    .map(({ name, shape: [features, ...rest] }) => [
      name,
      { features, rows: rest.reduce((product, size) => product * size, 1) },
    ]);
  const count = shapes.reduce((sum, [, { features, rows }]) => sum + features * rows, 0);
  const values = new Float32Array(count).fill(1e-3);
  const sum = await measured(() => ranks.sum(values));
  const step = await measured(async () => {
    const own = new Map(
      shapes.map(([name, { features, rows }]) => [name, backend.filled(features, rows, 1e-3)]),
    );
    await backend.finish();
    const began = performance.now();
    const total = await reduceGradients(backend, team, own, shapes);
    await backend.finish();
    const took = performance.now() - began;
    for (const gradient of total.values()) gradient.dispose();
    return took;
  });
  found[name] = { megabytes: (4 * count) / 1e6, sum, step };
}
if (team.isFirst) console.log(JSON.stringify(found, null, 2));
backend.dispose();
await ranks.leave();

/** Milliseconds of `work`, or what it gives as such. */
async function measured(work) {
  const took = [];
  for (let i = 0; i < times + 2; i++) {
    await team.meet();
    const began = performance.now();
    const own = await work();
    // The first ones meet cold memory.
    if (i >= 2) took.push(own ?? performance.now() - began);
  }
  took.sort((a, b) => a - b);
  return { median: took[Math.floor(took.length / 2)], least: took[0] };
}

// Trains the quickstart's model, certifies a digit, and says what that is worth.
import { certify, examples, loadDataset, quickstart } from "autodual";

const { folder, report } = await quickstart({ out: "runs/first-steps" });
const digits = await loadDataset("glyphs", { split: "test", limit: 1 });
const { x, labels } = examples(digits, [0]);
const { examples: verdicts, statement } = await certify(folder, x, { epsilon: 0.1, labels });
console.log(verdicts[0].prediction, verdicts[0].certified ? "certified" : "not certified");
console.log(statement, report);

import { createReferenceBackend } from "../../src/compute/reference/index.js";
import { conformance } from "./conformance.js";

conformance("reference, float64", async () => createReferenceBackend(), { relative: 1e-12 });
conformance("reference, float32", async () => createReferenceBackend({ dtype: "float32" }), {
  relative: 5e-6,
});

import { createPortableBackend } from "../../src/compute/portable/index.js";
import { conformance } from "./conformance.js";

conformance("reference, float64", async () => createPortableBackend(), { relative: 1e-12 });
conformance("reference, float32", async () => createPortableBackend({ dtype: "float32" }), {
  relative: 5e-6,
});

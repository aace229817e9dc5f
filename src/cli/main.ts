#!/usr/bin/env node
import { processIo } from "./io.js";
import { keepYoungHeapSmall } from "./young-heap.js";

keepYoungHeapSmall();
// What this loads is most of the package.
const { run } = await import("./program.js");
process.exitCode = await run(process.argv.slice(2), processIo());

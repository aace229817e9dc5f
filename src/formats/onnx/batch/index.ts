export { firstMeeting } from "./example-by-example.js";
export { fixedBatch, withSingleBatch } from "./single-batch.js";

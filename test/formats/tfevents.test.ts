import { describe, expect, it } from "vitest";
import { encodeFileVersion, encodeScalars } from "../../src/formats/tfevents.js";
import { bitwiseCrc32c, readEvents } from "./tfevents-reader.js";

describe("event files", () => {
  it("hold what was written, with checksums that fit", () => {
    const events = [
      encodeFileVersion(12.5),
      encodeScalars({ wallTime: 13, step: 300_000, scalars: { "train/loss": 0.25, "test/error": -3 } }),
    ];
    expect(readEvents(Buffer.concat(events))).toEqual([
      { step: 0, wallTime: 12.5, fileVersion: "brain.Event:2", scalars: {} },
      { step: 300_000, wallTime: 13, scalars: { "train/loss": 0.25, "test/error": -3 } },
    ]);
  });

  it("begin with the bytes that TensorBoard looks for", () => {
    const bytes = encodeFileVersion(0);
    // Length 24, then its masked checksum, as in every event file that there is.
    expect([...bytes.subarray(0, 12)]).toEqual([24, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22]);
    expect(bitwiseCrc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  });
});

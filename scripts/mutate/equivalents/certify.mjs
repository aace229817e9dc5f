/** Of certification. */
export const CERTIFY = [
  // Certification of a batch.
  ...["src/certify/again.ts", "src/certify/certify.ts"].map((file) => ({
    file,
    was: "{ record: false }",
    becomes: "{}",
    why: "a tape records nothing unless told",
  })),
  {
    file: "src/certify/certify.ts",
    was: "j === reference[b]",
    becomes: "false",
    why: "the margin of a class against itself is 0 as it is bounded, too",
  },
  // Certification.
  {
    file: "src/runs/certification.ts",
    was: "deadline?.aborted",
    becomes: "deadline.aborted",
    why: "nothing is left to be answered where there is no deadline; the question mark is there for the types",
  },
  {
    file: "src/certify/predictions.ts",
    was: "{ record: false }",
    becomes: "{}",
    why: "a tape records nothing unless told",
  },
];

import * as z from "zod";

// The parts of the official schema of SARIF 2.1.0 (sarif-schema-2.1.0.json) that a log of ours touches: which properties its objects may
// have, all others being forbidden there (`additionalProperties: false`), which are required, and the values that are enumerated.

/** Properties that an object may have besides, with no more said of them. */
const also = (names: string) =>
  Object.fromEntries(names.split(" ").map((name) => [name, z.unknown().optional()])) as Record<
    string,
    z.ZodType
  >;

const propertyBag = z.looseObject({ tags: z.array(z.string()).optional() });
const properties = { properties: propertyBag.optional() };
const level = z.enum(["none", "note", "warning", "error"]);
/** A reference by RFC 3986: no blank, and nothing that is neither reserved, unreserved nor escaped. */
const uriReference = z.string().regex(/^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/);
const index = z.int().min(-1);

const message = z.strictObject({ text: z.string(), ...properties, ...also("markdown id arguments") });
const text = z.strictObject({ text: z.string(), ...properties, ...also("markdown") });

const artifactLocation = z.strictObject({
  ...{ uri: uriReference.optional(), index: index.optional(), ...properties },
  ...also("uriBaseId description"),
});

const location = z.strictObject({
  physicalLocation: z
    .strictObject({
      artifactLocation,
      region: z.strictObject({ startLine: z.int().min(1) }).optional(),
      ...properties,
      ...also("address contextRegion"),
    })
    .optional(),
  logicalLocations: z
    .array(
      z.strictObject({
        ...{
          name: z.string().optional(),
          fullyQualifiedName: z.string().optional(),
          kind: z.string().optional(),
        },
        ...properties,
        ...also("index decoratedName parentIndex"),
      }),
    )
    .optional(),
  ...properties,
  ...also("id message annotations relationships"),
});

const reportingDescriptor = z.strictObject({
  id: z.string(),
  name: z.string().optional(),
  shortDescription: text.optional(),
  fullDescription: text.optional(),
  help: text.optional(),
  defaultConfiguration: z
    .strictObject({ level: level.optional(), ...properties, ...also("enabled rank parameters") })
    .optional(),
  ...properties,
  ...also("deprecatedIds guid deprecatedGuids deprecatedNames messageStrings helpUri relationships"),
});

const invocation = z.strictObject({
  executionSuccessful: z.boolean(),
  exitCode: z.int().optional(),
  toolExecutionNotifications: z
    .array(
      z.strictObject({
        ...{ message, level: level.optional(), ...properties },
        ...also("locations threadId timeUtc exception descriptor associatedRule"),
      }),
    )
    .optional(),
  ...properties,
  ...also(
    "commandLine arguments startTimeUtc endTimeUtc exitCodeDescription workingDirectory machine account",
  ),
});

const result = z.strictObject({
  message,
  ruleId: z.string().optional(),
  ruleIndex: index.optional(),
  level: level.optional(),
  locations: z.array(location).optional(),
  partialFingerprints: z.record(z.string(), z.string()).optional(),
  ...properties,
  ...also(
    "rule kind analysisTarget guid correlationGuid occurrenceCount fingerprints relatedLocations rank fixes",
  ),
});

const run = z.strictObject({
  tool: z.strictObject({
    driver: z.strictObject({
      ...{ name: z.string(), version: z.string().optional(), rules: z.array(reportingDescriptor).optional() },
      ...properties,
      ...also(
        "guid organization fullName semanticVersion informationUri downloadUri notifications taxa language",
      ),
    }),
    ...properties,
    ...also("extensions"),
  }),
  automationDetails: z
    .strictObject({ id: z.string().optional(), ...properties, ...also("description guid correlationGuid") })
    .optional(),
  invocations: z.array(invocation).optional(),
  artifacts: z
    .array(
      z.strictObject({
        location: artifactLocation.optional(),
        hashes: z.record(z.string(), z.string()).optional(),
        ...properties,
        ...also("parentIndex offset length roles mimeType contents encoding sourceLanguage description"),
      }),
    )
    .optional(),
  results: z.array(result).optional(),
  columnKind: z.enum(["utf16CodeUnits", "unicodeCodePoints"]).optional(),
  ...properties,
  ...also("language versionControlProvenance originalUriBaseIds logicalLocations defaultEncoding taxonomies"),
});

/** A SARIF 2.1.0 log, as the official schema has it. */
export const sarifSchema = z.strictObject({
  $schema: z.url().optional(),
  version: z.literal("2.1.0"),
  runs: z.array(run),
  ...properties,
});

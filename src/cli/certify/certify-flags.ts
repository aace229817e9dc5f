import type { DecidingFlags } from "../deciding-flags.js";
import type { GateFlags } from "../gate-options.js";
import type { SubjectFlags } from "../open-subject.js";
import type { ShardFlags } from "../parts/shard-option.js";

/** What `certify` was asked for. */
export interface CertifyFlags extends SubjectFlags, DecidingFlags, GateFlags, ShardFlags {
  readonly explain?: true;
  readonly report?: string;
  readonly certificate?: string;
  readonly timeout?: number;
}

// How node-gyp is called here.
import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** Arguments of node for these steps of node-gyp, as many compilers at once as the machine has cores; null where there is no node-gyp. */
export function gypArguments(...steps) {
  const gyp = nodeGyp();
  if (gyp === null) return null;
  const headers = headersBesideNode();
  return [gyp, ...steps, "-j", "max", "--release", ...(headers ? [`--nodedir=${headers}`] : [])];
}

/** That of this package, which is optional, else the one that npm itself brings for its scripts; null where there is neither. */
function nodeGyp() {
  try {
    return require.resolve("node-gyp/bin/node-gyp.js");
  } catch {
    return process.env.npm_config_node_gyp || null;
  }
}

/** Node's own headers where they came with it, so that none need to be downloaded; null where npm knows of others. */
function headersBesideNode() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const known = process.env.npm_config_nodedir || !existsSync(join(prefix, "include", "node", "node_api.h"));
  return known ? null : prefix;
}

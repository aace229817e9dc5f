export { packageVersion } from "../formats/package-version.js";

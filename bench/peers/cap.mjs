/** A peer: SAP CAP as installed. */
import { serveCap } from './cap/server.mjs';

const [rowsFile, folder] = process.argv.slice(2);
await serveCap(rowsFile, folder);

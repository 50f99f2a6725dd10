/** A peer: SAP CAP with an index added by hand for the one filtered list that the bench asks for. */
import { serveCap } from './cap/server.mjs';

const [rowsFile, folder] = process.argv.slice(2);
const index = 'create index by_risk on casp_Profiles (publisher, riskScore, lastModifiedDateTime desc, id)';
await serveCap(rowsFile, folder, [index]);

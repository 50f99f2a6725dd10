/** The build under test: `dist/`, or the folder `CASP_DIST` names. */
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Without a slash at its end. */
export const distFolder = process.env.CASP_DIST ?? fileURLToPath(new URL('../../dist', import.meta.url));

/** A module of the build by its path below it, such as `model/index.js`. */
export const importBuilt = (path) => import(pathToFileURL(`${distFolder}/${path}`).href);

/** What the metadata suites share: options as a full service has them, and the official schemas as judges. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { validateXML } from 'xmllint-wasm';
import type { CsdlOptions } from '../../src/edm/csdl.ts';
import type { ServiceCapabilities } from '../../src/edm/csdl-annotations.ts';

const require = createRequire(import.meta.url);
const readSchema = (name: string): string =>
  readFileSync(require.resolve(`odata-csdl/schemas/${name}`), 'utf8');

/** A service with everything built. */
export const fullCapabilities: ServiceCapabilities = {
  options: new Set([
    '$filter',
    '$orderby',
    '$count',
    '$select',
    '$compute',
    '$search',
    '$top',
    '$skip',
    '$apply',
  ]),
  filterFunctions: ['eq', 'contains', 'tolower'],
  transformations: ['filter', 'groupby', 'aggregate'],
  querySegment: true,
  batchFormats: ['application/json', 'multipart/mixed'],
  exportFormats: ['text/csv', 'application/x-ndjson'],
  requestEncodings: ['gzip', 'br'],
  requiresIfMatch: false,
};

/** Options of a service whose issuer is known. */
export const fullOptions = (root: CsdlOptions['root']): CsdlOptions => ({
  root,
  capabilities: fullCapabilities,
  security: {
    authorizationUrl: 'https://login.example/authorize?a=1&b=2',
    tokenUrl: 'https://login.example/token',
    scopePrefix: 'api://casp/',
  },
});

/** What the OASIS schemas find wrong with a CSDL XML document; empty for a valid one. */
export async function faultsOfCsdlXml(xml: string): Promise<readonly string[]> {
  const { errors } = await validateXML({
    xml: [{ fileName: 'metadata.xml', contents: xml }],
    schema: [{ fileName: 'edmx.xsd', contents: readSchema('edmx.xsd') }],
    preload: [{ fileName: 'edm.xsd', contents: readSchema('edm.xsd') }],
  });
  return errors.map(({ message }) => message);
}

/** What the OASIS schema finds wrong with a CSDL JSON document; empty for a valid one. */
export function faultsOfCsdlJson(document: unknown): readonly string[] {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(JSON.parse(readSchema('csdl.schema.json')));
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** CSDL XML → CSDL JSON by the OASIS tool, which leaves references to vocabularies as they are: in XML. */
export function convertCsdlXml(xml: string): unknown {
  const { xml2json } = require('odata-csdl') as {
    xml2json: (xml: string, options: { readonly strict: boolean }) => unknown;
  };
  const vocabularyAddress = /(Org\.OData\.\w+\.V1)\.xml/g;
  return JSON.parse(JSON.stringify(xml2json(xml, { strict: true })).replace(vocabularyAddress, '$1.json'));
}

/** The paths that the OASIS generator makes of a CSDL JSON document. */
export function generateOpenApi(document: unknown): Readonly<Record<string, unknown>> {
  const { csdl2openapi } = require('odata-openapi') as {
    csdl2openapi: (
      document: unknown,
      options: object,
    ) => { readonly paths: Readonly<Record<string, unknown>> };
  };
  return csdl2openapi(document, {}).paths;
}

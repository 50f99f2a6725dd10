/** Documents made from the model: $metadata, the service document, OpenAPI, the reference page. */
import { fileURLToPath } from 'node:url';
import type { SecurityAddresses, ServiceCapabilities } from './edm/csdl-annotations.ts';
import { writeCsdlJson } from './edm/csdl-json.ts';
import { writeCsdlXml } from './edm/csdl-xml.ts';
import { documentTag } from './edm/document-tag.ts';
import { writeOpenApi } from './edm/openapi.ts';
import { writeServiceDocument } from './edm/service-document.ts';
import { createDocumentation } from './http/docs-page.ts';
import { model } from './model/index.ts';
import { expandedFunctions, functionSignatures, syntacticFunctions } from './plan/functions.ts';
import type { ServiceDocuments } from './plan/plan.ts';

/** What the documents say beside the model. */
export interface DocumentOptions {
  readonly version: string;
  readonly requiresIfMatch: boolean;
  readonly security: SecurityAddresses;
}

/** Three roots in two spellings, and OpenAPI for some addresses. */
const documentsKeptMax = 32;

const operators = [
  ...['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'in', 'has', 'and', 'or', 'not'],
  ...['add', 'sub', 'mul', 'div', 'divby', 'mod', 'any', 'all'],
];

/** What is built; a test proves each line with a request. */
const capabilitiesOf = ({ requiresIfMatch }: DocumentOptions): ServiceCapabilities => ({
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
  filterFunctions: [
    ...operators,
    ...Object.keys(functionSignatures),
    ...expandedFunctions,
    ...syntacticFunctions,
  ],
  transformations: [
    'filter',
    'search',
    'groupby',
    'aggregate',
    'compute',
    'orderby',
    'top',
    'skip',
    'identity',
    'concat',
  ],
  querySegment: true,
  batchFormats: ['application/json', 'multipart/mixed'],
  exportFormats: ['text/csv', 'text/csv;raw=true', 'application/x-ndjson'],
  requestEncodings: ['gzip', 'deflate', 'br'],
  requiresIfMatch,
});

/** Writes each document when it is first asked for, and keeps it. */
export function createDocuments(options: DocumentOptions) {
  const capabilities = capabilitiesOf(options);
  const { security, version } = options;
  const kept = new Map<string, { readonly text: string; readonly tag: string }>();
  const keep = (name: string, write: () => string) => {
    const known = kept.get(name);
    if (known !== undefined) return known;
    // Trusted proxies may name many hosts; each has a document of its own.
    if (kept.size >= documentsKeptMax) kept.clear();
    const text = write();
    const made = { text, tag: documentTag(text) };
    kept.set(name, made);
    return made;
  };
  const documents: ServiceDocuments = {
    metadata: (root, spelling) =>
      keep(`${spelling} ${root}`, () =>
        (spelling === 'xml' ? writeCsdlXml : writeCsdlJson)(model, { root, capabilities, security }),
      ),
    serviceDocument: (root, contextUrl) => writeServiceDocument(model, { root, contextUrl }),
  };
  const documentation = createDocumentation({
    openApi: (serverUrl) =>
      keep(`openapi ${serverUrl}`, () =>
        writeOpenApi(model, {
          serverUrl,
          roots: ['v1.0', 'beta', 'odata/v4'],
          version,
          capabilities,
          security,
        }),
      ),
    requestsPath: fileURLToPath(new URL('../docs/requests.http', import.meta.url)),
    version,
    tokenOrigins: security.tokenUrl === undefined ? [] : [new URL(security.tokenUrl).origin],
  });
  return { documents, documentation };
}

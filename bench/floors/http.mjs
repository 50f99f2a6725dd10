/** Floor 1: what `node:http` itself can do, answering 1 KB of JSON to everything. */
import { createServer } from 'node:http';
import { listen } from './listen.mjs';

const body = Buffer.from(JSON.stringify({ value: 'x'.repeat(1024 - '{"value":""}'.length) }));
const headers = { 'content-type': 'application/json', 'content-length': body.length };

listen(
  createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(200, headers).end(body));
  }),
);

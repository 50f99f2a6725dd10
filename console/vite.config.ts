/** Builds the console to dist/console: hashed files, no inline script, a budget for what the first page loads. */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { sizeReport } from './size-report.mjs';

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Libraries that change less often than the console: a new version of it leaves them in the browser's cache. */
const groups = [
  { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
  {
    name: 'tanstack',
    test: /node_modules\/@tanstack\/(react-router|router-core|history|react-query|query-core|react-store|store)\//,
  },
];

export default defineConfig({
  root: folder('.'),
  base: '/console/',
  publicDir: folder('./public'),
  plugins: [react(), sizeReport({ firstLoadKbMax: 250 })],
  build: {
    outDir: folder('../dist/console'),
    emptyOutDir: true,
    target: 'es2022',
    // A data: address would need a hole in the content security policy.
    assetsInlineLimit: 0,
    // Written by the size report, as gzip and per entry.
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
});

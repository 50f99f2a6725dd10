/** Where an export goes in a browser: a file the person chooses, or a download. */
import type { ExportFormat } from '../../api.ts';
import { exportKinds, type Sink } from './export-file.ts';

/** The part of the File System Access API that is used; not every browser has it. */
interface SavePicker {
  showSaveFilePicker?: (options: {
    readonly suggestedName: string;
    readonly types: readonly { readonly accept: Readonly<Record<string, readonly string[]>> }[];
  }) => Promise<{ createWritable(): Promise<FileSystemWritableFileStream> }>;
}

/** A file the person chooses, or a download where the browser cannot write files; undefined if they choose none. */
export async function openSink(name: string, format: ExportFormat): Promise<Sink | undefined> {
  const { mediaType, extension } = exportKinds[format];
  const { showSaveFilePicker } = window as SavePicker;
  if (showSaveFilePicker === undefined) return openDownload(name, mediaType);
  try {
    const types = [{ accept: { [mediaType]: [`.${extension}`] } }];
    const file = await showSaveFilePicker.call(window, { suggestedName: name, types });
    return await file.createWritable();
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return undefined;
    return openDownload(name, mediaType);
  }
}

/** Parts of this size become blobs of their own, which the browser may put on disk. */
const partBytes = 8 * 1024 * 1024;

/** A download of the browser; the file exists once it is closed. */
export function openDownload(name: string, mediaType: string): Sink {
  const parts: Blob[] = [];
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  let held = 0;
  const flush = () => {
    parts.push(new Blob(chunks));
    chunks = [];
    held = 0;
  };
  return {
    async write(chunk) {
      chunks.push(chunk);
      held += chunk.length;
      if (held >= partBytes) flush();
    },
    async close() {
      flush();
      const address = URL.createObjectURL(new Blob(parts, { type: mediaType }));
      const link = document.createElement('a');
      link.href = address;
      link.download = name;
      link.click();
      // The download has its own hold on the data by then.
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    },
    async abort() {
      chunks = [];
      parts.length = 0;
    },
  };
}

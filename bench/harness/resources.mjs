/** What a process of the bench uses, as the kernel counts it (Linux: `/proc`). */
import { readdirSync, readFileSync } from 'node:fs';

/** Microseconds of the processor that the process's living threads have had. */
export function processorUs(processId) {
  const folder = `/proc/${processId}/task`;
  // Nanoseconds; /proc/PID/stat counts in hundredths of a second.
  return readdirSync(folder).reduce((sum, thread) => sum + runNanoseconds(`${folder}/${thread}`), 0) / 1000;
}

function runNanoseconds(thread) {
  try {
    return Number(readFileSync(`${thread}/schedstat`, 'utf8').split(' ')[0]);
  } catch (error) {
    // The thread ended after it was listed.
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return 0;
    throw error;
  }
}

/** Bytes in memory: all of them, and those that are the process's own rather than pages of a mapped file. */
export function memoryOf(processId) {
  const status = readFileSync(`/proc/${processId}/status`, 'utf8');
  const bytesOf = (name) => {
    const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
    if (kibibytes === undefined) throw new Error(`no ${name} of process ${processId}`);
    return Number(kibibytes) * 1024;
  };
  return { residentBytes: bytesOf('VmRSS'), ownBytes: bytesOf('RssAnon') };
}

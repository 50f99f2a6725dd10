/** The export menu; the download goes on in the background and the header shows it. */
import {
  Button,
  Menu,
  MenuDivider,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { ArrowDownload20Regular } from '@fluentui/react-icons';
import type { ExportFormat, ListQuery } from '../../api.ts';
import { useApi, useFormat, useJobs, useNotify } from '../../context.tsx';
import { exportInto, exportKinds } from './export-file.ts';
import { openSink } from './file-sink.ts';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  hint: {
    margin: '4px 10px',
    maxWidth: '260px',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
  },
});

const labels: Readonly<Record<ExportFormat, string>> = {
  csv: strings.exportCsv,
  'csv-raw': strings.exportCsvRaw,
  ndjson: strings.exportNdjson,
};
const formats: readonly ExportFormat[] = ['csv', 'csv-raw', 'ndjson'];

/** Starts exports of one question. */
export function useExport(): (
  query: ListQuery,
  format: ExportFormat,
  total: number | undefined,
) => Promise<void> {
  const api = useApi();
  const { start } = useJobs();
  const notify = useNotify();
  const format = useFormat();
  return async (query, kind, total) => {
    const name = `cloudAppSecurityProfiles.${exportKinds[kind].extension}`;
    const sink = await openSink(name, kind);
    if (sink === undefined) return;
    const controller = new AbortController();
    const job = start({
      title: strings.exportTitle(labels[kind]),
      stop: () => controller.abort(),
      ...(total === undefined ? {} : { total }),
    });
    try {
      const rows = await exportInto(
        sink,
        query,
        kind,
        api,
        (done) => job.update({ done }),
        controller.signal,
      );
      job.finish('done', strings.exportDone(format.number(rows)));
      notify({ intent: 'success', title: strings.exportDone(format.number(rows)), detail: name });
    } catch (error) {
      job.finish(controller.signal.aborted ? 'stopped' : 'failed');
      if (controller.signal.aborted) return;
      notify({
        intent: 'error',
        title: strings.exportFailed,
        detail: error instanceof Error ? error.message : String(error),
      });
    }
  };
}

/** The menu. */
export function ExportMenu(props: {
  readonly narrow: boolean;
  readonly onExport: (format: ExportFormat) => void;
}) {
  const styles = useStyles();
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" icon={<ArrowDownload20Regular />} aria-label={strings.export}>
          {props.narrow ? null : strings.export}
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <p className={styles.hint}>{strings.exportHint}</p>
        <MenuDivider />
        <MenuList>
          {formats.map((format) => (
            <MenuItem key={format} onClick={() => props.onExport(format)}>
              {labels[format]}
            </MenuItem>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

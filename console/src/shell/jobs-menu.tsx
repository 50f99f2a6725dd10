/** Work that goes on in the background, shown on every page while there is any. */
import {
  Button,
  makeStyles,
  Popover,
  PopoverSurface,
  PopoverTrigger,
  ProgressBar,
  Spinner,
  Text,
  tokens,
} from '@fluentui/react-components';
import { CheckmarkCircle20Regular, Dismiss16Regular, ErrorCircle20Regular } from '@fluentui/react-icons';
import { useFormat, useJobs } from '../context.tsx';
import type { Job } from '../jobs.ts';
import { strings } from '../strings.ts';
import { useBarButtonStyles } from './bar-button.ts';
import { useOpenHref } from './open-href.ts';

const useStyles = makeStyles({
  list: { display: 'flex', flexDirection: 'column', gap: '16px', width: 'min(340px, calc(100vw - 48px))' },
  job: { display: 'flex', flexDirection: 'column', gap: '6px' },
  row: { display: 'flex', alignItems: 'center', gap: '8px', justifyContent: 'space-between' },
  quiet: { color: tokens.colorNeutralForeground3 },
});

/** A button with the state of all jobs; nothing where there are none. */
export function JobsMenu() {
  const styles = useStyles();
  const { button } = useBarButtonStyles();
  const { jobs, dismiss } = useJobs();
  if (jobs.length === 0) return null;
  const running = jobs.filter(({ state }) => state === 'running').length;
  const failed = jobs.some(({ state }) => state === 'failed');
  const label = running > 0 ? strings.jobRunning(running) : strings.jobStates[failed ? 'failed' : 'done'];
  return (
    <Popover positioning="below-end" trapFocus>
      <PopoverTrigger disableButtonEnhancement>
        <Button
          appearance="transparent"
          className={button}
          aria-label={`${strings.jobs}: ${label}`}
          icon={
            running > 0 ? (
              <Spinner size="extra-tiny" appearance="inverted" aria-label={label} />
            ) : failed ? (
              <ErrorCircle20Regular />
            ) : (
              <CheckmarkCircle20Regular />
            )
          }
        >
          {running > 0 ? running : null}
        </Button>
      </PopoverTrigger>
      <PopoverSurface aria-label={strings.jobs}>
        <div className={styles.list}>
          <Text weight="semibold">{strings.jobs}</Text>
          {jobs.map((job) => (
            <JobLine key={job.id} job={job} onDismiss={() => dismiss(job.id)} />
          ))}
        </div>
      </PopoverSurface>
    </Popover>
  );
}

function JobLine({ job, onDismiss }: { readonly job: Job; readonly onDismiss: () => void }) {
  const styles = useStyles();
  const format = useFormat();
  const open = useOpenHref();
  const { title, state, done, total, detail, href, stop } = job;
  const running = state === 'running';
  const progress = strings.jobProgress(
    format.number(done),
    total === undefined ? undefined : format.number(total),
  );
  return (
    <div className={styles.job}>
      <div className={styles.row}>
        <Text>{title}</Text>
        {running ? null : (
          <Button
            size="small"
            appearance="subtle"
            icon={<Dismiss16Regular />}
            aria-label={`${strings.jobDismiss}: ${title}`}
            onClick={onDismiss}
          />
        )}
      </div>
      {running ? (
        <ProgressBar
          aria-label={title}
          {...(total === undefined ? {} : { value: done, max: Math.max(1, total) })}
        />
      ) : null}
      <div className={styles.row}>
        <Text size={200} className={styles.quiet}>
          {running ? progress : strings.jobStates[state]}
          {detail === undefined ? '' : ` · ${detail}`}
        </Text>
        <span>
          {href === undefined ? null : (
            <Button size="small" appearance="subtle" onClick={() => open(href)}>
              {strings.jobShow}
            </Button>
          )}
          {running && stop !== undefined ? (
            <Button size="small" onClick={stop}>
              {strings.jobStop}
            </Button>
          ) : null}
        </span>
      </div>
    </div>
  );
}

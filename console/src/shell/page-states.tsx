/** What stands in the place of a page that loads, failed or does not exist. */
import { Button } from '@fluentui/react-components';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { LinkButton } from '../parts/app-link.tsx';
import { Page } from '../parts/page-header.tsx';
import { Loading, Notice } from '../parts/state-views.tsx';
import { strings } from '../strings.ts';

/** While the chunk of a page loads. */
export function PagePending() {
  return <Loading rows={8} />;
}

/** An address without a page. */
export function PageMissing() {
  return (
    <Page title={strings.notFound}>
      <Notice title={strings.notFoundTitle} action={<LinkButton to="/">{strings.backToOverview}</LinkButton>}>
        {strings.notFoundDetail}
      </Notice>
    </Page>
  );
}

/** A page that threw, or whose chunk could not be loaded. */
export function PageFailed({ error }: ErrorComponentProps) {
  return (
    <Page title={strings.pageFailed}>
      <Notice
        title={strings.pageFailed}
        intent="error"
        action={
          <Button appearance="primary" onClick={() => location.reload()}>
            {strings.reload}
          </Button>
        }
      >
        {strings.pageFailedDetail} {error instanceof Error ? error.message : String(error)}
      </Notice>
    </Page>
  );
}

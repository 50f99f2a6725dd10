/** The last resort when not even the configuration can be read: no library is needed to show it. */
import { strings } from '../strings.ts';

/** Shows the reason and a button that tries again. */
export function showStartFailure(container: HTMLElement, error: unknown): void {
  const title = document.createElement('h1');
  title.textContent = strings.startFailed;
  const reason = document.createElement('p');
  reason.setAttribute('role', 'alert');
  reason.textContent = error instanceof Error ? error.message : String(error);
  const button = document.createElement('button');
  button.textContent = strings.retry;
  button.addEventListener('click', () => location.reload());
  const main = document.createElement('main');
  main.append(title, reason, button);
  Object.assign(main.style, {
    font: '16px/1.5 "Segoe UI", system-ui, sans-serif',
    maxWidth: '40rem',
    margin: '15vh auto',
    padding: '0 1rem',
  });
  container.replaceChildren(main);
  document.title = `${strings.startFailed} · ${strings.product}`;
}

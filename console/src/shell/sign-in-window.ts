/** The small window people sign in again in: hands the issuer's answer to the console that waits for it. */
import { signInChannelName } from '../session.ts';
import { strings } from '../strings.ts';

/** Sends the answer, closes the window, and says so where the browser keeps it open. */
export function answerFromWindow(container: HTMLElement, url: string): void {
  const channel = new BroadcastChannel(signInChannelName);
  const show = (text: string) => {
    container.textContent = text;
    document.title = strings.product;
  };
  const alone = setTimeout(() => show(strings.signInWindowAlone), 3000);
  channel.onmessage = () => {
    clearTimeout(alone);
    show(strings.signInWindowDone);
    channel.close();
    window.close();
  };
  channel.postMessage(url);
}

/** Navigation to an address that is text, such as a saved view's. */
import { useRouter } from '@tanstack/react-router';
import { useCallback } from 'react';

/** Opens an address below the console's root, such as `/apps?filter=…`, without loading the page anew. */
export function useOpenHref(): (href: string) => void {
  const router = useRouter();
  return useCallback((href) => router.history.push(`/console${href}`), [router]);
}

/** The mark of the product: a shield, a cloud cut out of it. */
import { makeStyles, tokens } from '@fluentui/react-components';

const useStyles = makeStyles({ brand: { color: tokens.colorBrandForeground1 } });

/** Decorative; the name stands beside it. `size` in pixels; inverted, it has the colour of the text around it. */
export function Logo({ size, inverted = false }: { readonly size: number; readonly inverted?: boolean }) {
  const styles = useStyles();
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 32 32"
      aria-hidden="true"
      focusable="false"
      className={inverted ? undefined : styles.brand}
    >
      <path
        fill="currentColor"
        fillRule="evenodd"
        d="M16 2 4 6.5v8.2c0 7.2 5 12.6 12 15.3 7-2.7 12-8.1 12-15.3V6.5zm5.5 18.6H11.2a4 4 0 0 1-.6-7.95 5.4 5.4 0 0 1 10.3-.9 4.5 4.5 0 0 1 .6 8.85z"
      />
    </svg>
  );
}

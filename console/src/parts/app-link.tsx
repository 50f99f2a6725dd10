/** Links between pages, in the look of the design system. */
import { Button, type ButtonProps, Link as FluentLink } from '@fluentui/react-components';
import { createLink, type LinkComponent } from '@tanstack/react-router';
import type { AnchorHTMLAttributes } from 'react';

type AnchorProps = AnchorHTMLAttributes<HTMLAnchorElement>;

/** A plain link; the router fills in the address. */
const PlainLink = ({ href = '', ...rest }: AnchorProps) => <FluentLink {...rest} href={href} />;
const CreatedLink = createLink(PlainLink);

/** A link to a page: `<AppLink to="/apps" search={{ filter }}>`. */
export const AppLink: LinkComponent<typeof PlainLink> = (props) => <CreatedLink {...props} />;

type AnchorButtonProps = AnchorProps & {
  readonly appearance?: NonNullable<ButtonProps['appearance']>;
  readonly size?: NonNullable<ButtonProps['size']>;
  readonly icon?: NonNullable<ButtonProps['icon']>;
};

const PlainButton = ({ href = '', ...rest }: AnchorButtonProps) => <Button as="a" {...rest} href={href} />;
const CreatedButton = createLink(PlainButton);

/** A link that looks like a button. */
export const LinkButton: LinkComponent<typeof PlainButton> = (props) => <CreatedButton {...props} />;

/** Who is signed in, and what that person can change about the console. */
import {
  Avatar,
  Badge,
  Button,
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  Text,
  tokens,
} from '@fluentui/react-components';
import { Settings20Regular, SignOut20Regular } from '@fluentui/react-icons';
import { useRouter } from '@tanstack/react-router';
import { useConsole, usePreferences, useRights, useSessionState } from '../context.tsx';
import { strings } from '../strings.ts';
import { useBarButtonStyles } from './bar-button.ts';

const useStyles = makeStyles({
  person: {
    display: 'flex',
    flexDirection: 'column',
    gap: '2px',
    padding: '8px 12px 10px',
    maxWidth: '280px',
  },
  quiet: { color: tokens.colorNeutralForeground3 },
  badge: { alignSelf: 'start', marginTop: '4px' },
});

/** The first letters of the first and the last word. */
function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = [words.at(0), words.length > 1 ? words.at(-1) : undefined];
  return letters
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toUpperCase();
}

const themes = ['system', 'light', 'dark'] as const;

/** The menu under the avatar. */
export function UserMenu() {
  const styles = useStyles();
  const { button } = useBarButtonStyles();
  const { session } = useConsole();
  const state = useSessionState();
  const { mayWrite } = useRights();
  const [{ theme }, change] = usePreferences();
  const router = useRouter();
  if (!('person' in state)) return null;
  const { name, userName } = state.person;
  const initials = initialsOf(name);
  return (
    <Menu
      checkedValues={{ theme: [theme] }}
      onCheckedValueChange={(_, { checkedItems }) => {
        const chosen = themes.find((each) => each === checkedItems[0]);
        if (chosen !== undefined) change({ theme: chosen });
      }}
    >
      <MenuTrigger disableButtonEnhancement>
        <Button
          appearance="transparent"
          className={button}
          icon={<Avatar name={name} initials={initials} size={28} color="colorful" aria-hidden />}
          aria-label={strings.account(initials, name)}
        />
      </MenuTrigger>
      <MenuPopover>
        <div className={styles.person}>
          <Text weight="semibold">
            <bdi>{name}</bdi>
          </Text>
          {userName === undefined ? null : (
            <Text size={200} className={styles.quiet}>
              <bdi>{userName}</bdi>
            </Text>
          )}
          {mayWrite ? null : (
            <Badge appearance="tint" color="informative" className={styles.badge}>
              {strings.noWriteBadge}
            </Badge>
          )}
        </div>
        <MenuList>
          <MenuDivider />
          <MenuGroup>
            <MenuGroupHeader>{strings.theme}</MenuGroupHeader>
            {themes.map((each) => (
              <MenuItemRadio key={each} name="theme" value={each}>
                {strings.themes[each]}
              </MenuItemRadio>
            ))}
          </MenuGroup>
          <MenuDivider />
          <MenuItem
            icon={<Settings20Regular />}
            onClick={() => void router.navigate({ to: '/settings', search: {} })}
          >
            {strings.pages.settings}
          </MenuItem>
          <MenuItem icon={<SignOut20Regular />} onClick={() => void session.signOut()}>
            {strings.signOut}
          </MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

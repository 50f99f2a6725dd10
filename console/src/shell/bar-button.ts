/** The look of buttons on the coloured bar. */
import { makeStyles } from '@fluentui/react-components';

/** Buttons on the coloured bar. */
export const useBarButtonStyles = makeStyles({
  button: {
    color: '#ffffff',
    minWidth: '36px',
    ':hover': { color: '#ffffff', backgroundColor: 'rgba(255, 255, 255, 0.16)' },
    ':hover:active': { color: '#ffffff', backgroundColor: 'rgba(255, 255, 255, 0.26)' },
    ':focus-visible': { outline: '2px solid #ffffff' },
    '& .fui-Button__icon': { color: '#ffffff' },
    ':hover .fui-Button__icon': { color: '#ffffff' },
    ':hover .fui-Icon-regular': { color: '#ffffff' },
    ':hover:active .fui-Button__icon': { color: '#ffffff' },
  },
});

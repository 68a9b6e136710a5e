// The signs on the buttons, as lines of one width.
import {ComponentChildren} from 'preact';

const Icon = ({children}: {children: ComponentChildren}) => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8"
    stroke-linecap="round" stroke-linejoin="round">
    {children}
  </svg>
);

const Speaker = <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5z" />;

export const SoundIcon = () => <Icon>{Speaker}<path d="M15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11" /></Icon>;
export const MutedIcon = () => <Icon>{Speaker}<path d="M16 9.5l5 5M21 9.5l-5 5" /></Icon>;
export const FullIcon = () => <Icon><path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5" /></Icon>;
export const SmallIcon = () => <Icon><path d="M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5" /></Icon>;
export const CloseIcon = () => <Icon><path d="M6 6l12 12M18 6L6 18" /></Icon>;
export const PlayIcon = () => <Icon><path d="M8 5.5v13l10.5-6.5z" /></Icon>;
export const UpIcon = () => <Icon><path d="M6 15l6-6 6 6" /></Icon>;
export const DownIcon = () => <Icon><path d="M6 9l6 6 6-6" /></Icon>;

// The page: the guide, and above it the channel that plays.
import type {ComponentChildren} from 'preact';
import {useCallback, useEffect, useMemo, useRef, useState} from 'preact/hooks';
import {HOUR, Axis, halfHourBefore, localOffset} from './guide/axis';
import {Details} from './guide/details';
import {Grid} from './guide/grid';
import {byNumber, neighbour} from './guide/layout';
import {NetworkClock} from './network/clock';
import {GuideSource, GuideState} from './network/guide_source';
import {Channel, Entry} from './network/shape';
import {Player} from './player/player';
import {clockText, dayText} from './words';

const BEFORE_MS = HOUR; // what is shown of the past
const FIRST_SPAN_MS = 8 * HOUR; // of the future, at first
const MORE_MS = 6 * HOUR; // when the viewer comes to its end
const LONGEST_SPAN_MS = 72 * HOUR;
const NARROW = '(max-width: 700px)';
const DIGITS_MS = 1500;

const slugOf = (hash: string): string | null => {
  const match = /^#\/([a-z0-9-]{1,64})$/.exec(hash);
  return match ? match[1]! : null;
};

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const list = window.matchMedia(query);
    const changed = () => setMatches(list.matches);
    list.addEventListener('change', changed);
    return () => list.removeEventListener('change', changed);
  }, [query]);
  return matches;
}

export function App() {
  const clock = useRef(new NetworkClock()).current;
  const [state, setState] = useState<GuideState>({guide: null, trouble: ''});
  const [now, setNow] = useState(() => clock.now());
  const [future, setFuture] = useState(FIRST_SPAN_MS);
  const [slug, setSlug] = useState<string | null>(() => slugOf(location.hash));
  const [shown, setShown] = useState<{channel: Channel; entry: Entry} | null>(null);
  const [typed, setTyped] = useState('');
  const narrow = useMedia(NARROW);

  // A new half hour moves the guide on; in between it stands.
  const from = halfHourBefore(now - BEFORE_MS, localOffset);
  const span = useRef<{from: number; to: number} | null>(null);
  const axis: Axis = useMemo(() => ({from, to: from + BEFORE_MS + future, pxPerMinute: narrow ? 4.2 : 6}),
    [from, future, narrow]);
  if (state.guide) span.current = {from: axis.from, to: axis.to};

  const source = useMemo(() => new GuideSource(clock, () => span.current, (answer) => {
    setState(answer);
    setNow(clock.now());
  }), []);
  useEffect(() => {
    const tick = setInterval(() => setNow(clock.now()), 1000);
    const back = () => {
      if (!document.hidden) void source.refresh();
    };
    void source.refresh();
    window.addEventListener('online', source.refresh);
    document.addEventListener('visibilitychange', back);
    return () => {
      clearInterval(tick);
      source.stop();
      window.removeEventListener('online', source.refresh);
      document.removeEventListener('visibilitychange', back);
    };
  }, []);
  const known = state.guide !== null;
  useEffect(() => {
    if (known) void source.refresh();
  }, [known, axis.from, axis.to]);

  useEffect(() => {
    const changed = () => setSlug(slugOf(location.hash));
    window.addEventListener('hashchange', changed);
    return () => window.removeEventListener('hashchange', changed);
  }, []);
  const play = useCallback((channel: Channel) => {
    setShown(null);
    location.hash = `#/${channel.slug}`;
  }, []);
  const close = useCallback(() => {
    history.replaceState(null, '', location.pathname + location.search);
    setSlug(null);
  }, []);
  const channels = state.guide?.channels ?? [];
  const zap = useCallback((step: number) => {
    const to = slug === null ? undefined : neighbour(channels, slug, step);
    if (to) play(to);
  }, [channels, slug]);

  // A number, typed as on a remote control.
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (/^[0-9]$/.test(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey) {
        setTyped((before) => (before + event.key).slice(-5));
      }
    };
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, []);
  useEffect(() => {
    if (!typed) return undefined;
    const timer = setTimeout(() => {
      const channel = byNumber(channels, Number(typed));
      if (channel) play(channel);
      setTyped('');
    }, DIGITS_MS);
    return () => clearTimeout(timer);
  }, [typed]);

  // Once the guide ends, no more of it is asked for.
  const reachedEnd = () => {
    const goesOn = channels.some((channel) => (channel.entries[channel.entries.length - 1]?.stop ?? 0) >= axis.to);
    if (goesOn) setFuture((was) => Math.min(LONGEST_SPAN_MS, was + MORE_MS));
  };

  return (
    <div class={`page${slug ? ' watching' : ''}`}>
      <header>
        <h1><img src="icon.svg" alt="" width="26" height="26" /> RetroVue</h1>
        {typed && <output class="typed">{typed}</output>}
        {known && <p class="clock"><span>{dayText(now)}</span> <time>{clockText(now)}</time></p>}
      </header>
      {state.trouble && known && (
        <p class="trouble" role="status"><span class="spinner" aria-hidden="true" />{state.trouble} Trying again.</p>
      )}
      {slug && (
        <Player slug={slug} channel={channels.find((channel) => channel.slug === slug)} now={now} zap={zap} close={close} />
      )}
      <main>
        {!known ? (
          <Empty busy text={state.trouble || 'Fetching the guide'} hint={state.trouble && 'It is tried again by itself.'} />
        ) : channels.length === 0 ? (
          <Empty text="This network has no channels yet."
            hint={<>On its machine, <code>retrovue demo FOLDER</code> makes one of a folder of films. It appears here by itself.</>} />
        ) : (
          <Grid channels={channels} axis={axis} now={now} rowHeight={narrow ? 62 : 68} channelWidth={narrow ? 84 : 190}
            playing={slug} play={play} show={(channel, entry) => setShown({channel, entry})} reachedEnd={reachedEnd} />
        )}
      </main>
      {shown && (
        <Details {...shown} now={now} play={() => play(shown.channel)} close={() => setShown(null)} />
      )}
    </div>
  );
}

function Empty({text, hint, busy}: {text: string; hint?: ComponentChildren; busy?: boolean}) {
  return (
    <div class="empty" role="status">
      {busy && <span class="spinner" aria-hidden="true" />}
      <p class="what">{text}</p>
      {hint && <p class="hint">{hint}</p>}
    </div>
  );
}

// The channel that plays: its picture, what is on and what comes next, and what there is to press.
import {useEffect, useRef, useState} from 'preact/hooks';
import {Channel} from '../network/shape';
import {nowAndNext, progressOf} from '../guide/layout';
import {leftText, spanText, titlesOf} from '../words';
import {CloseIcon, DownIcon, FullIcon, MutedIcon, PlayIcon, SmallIcon, SoundIcon, UpIcon} from './icons';
import {Tuner, Tuning} from './tuner';

export interface PlayerProps {
  slug: string;
  channel: Channel | undefined; // undefined: the guide does not have it, or is not here yet
  now: number; // the network's clock
  zap(step: number): void;
  close(): void;
}

// Safari on a telephone makes only the video itself full.
interface TelephoneVideo extends HTMLVideoElement {
  webkitEnterFullscreen?(): void;
}

const BANNER_MS = 4000;

export function Player({slug, channel, now, zap, close}: PlayerProps) {
  const frame = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const tuner = useRef<Tuner | null>(null);
  const [tuning, setTuning] = useState<Tuning>({phase: 'off'});
  const [muted, setMuted] = useState(false);
  const [full, setFull] = useState(false);
  const [awake, setAwake] = useState(true); // what lies over the picture is shown

  useEffect(() => {
    const made = new Tuner(video.current!, setTuning, () => setMuted(true));
    tuner.current = made;
    return () => made.close();
  }, []);
  useEffect(() => tuner.current?.tune(`channel/${encodeURIComponent(slug)}.ts`), [slug]);

  useEffect(() => {
    // Keys go to the picture while it is full, and back to where they went.
    let before: Element | null = null;
    const changed = () => {
      const isFull = document.fullscreenElement === frame.current;
      setFull(isFull);
      if (isFull) {
        before = document.activeElement;
        frame.current?.focus();
      } else {
        (before as HTMLElement | null)?.focus?.();
      }
    };
    document.addEventListener('fullscreenchange', changed);
    return () => document.removeEventListener('fullscreenchange', changed);
  }, []);

  // The banner goes when nothing has happened for a while; a new channel and a moving hand bring it back.
  const [stirred, setStirred] = useState(0);
  useEffect(() => {
    setAwake(true);
    const timer = setTimeout(() => setAwake(false), BANNER_MS);
    return () => clearTimeout(timer);
  }, [stirred, slug, tuning.phase]);
  const stir = () => setStirred((count) => count + 1);

  const mute = () => {
    if (!video.current) return;
    video.current.muted = !video.current.muted;
    setMuted(video.current.muted);
  };
  const fullscreen = () => {
    if (document.fullscreenElement) return void document.exitFullscreen();
    if (frame.current?.requestFullscreen) return void frame.current.requestFullscreen().catch(() => undefined);
    (video.current as TelephoneVideo | null)?.webkitEnterFullscreen?.();
  };

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const inFull = document.fullscreenElement !== null;
      if (event.key === 'm' || event.key === 'M') mute();
      else if (event.key === 'f' || event.key === 'F') fullscreen();
      else if (event.key === 'ChannelUp' || (inFull && event.key === 'ArrowUp')) zap(-1);
      else if (event.key === 'ChannelDown' || (inFull && event.key === 'ArrowDown')) zap(1);
      else if (event.key === 'Escape' && !inFull) close();
      else return;
      event.preventDefault();
      stir();
    };
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, [zap, close]);

  const {now: on, next} = channel ? nowAndNext(channel.entries, now) : {now: null, next: null};
  const name = channel?.name ?? slug;
  useEffect(() => {
    document.title = on ? `${titlesOf(on).title} · ${name}` : `${name} · RetroVue`;
    if ('mediaSession' in navigator) {
      navigator.mediaSession.metadata = new MediaMetadata({title: on ? titlesOf(on).title : name, artist: name});
    }
    return () => {
      document.title = 'RetroVue';
    };
  }, [on?.id, name]);

  return (
    <section class="watch" aria-label={`Playing ${name}`}>
      <div class={`frame${awake || tuning.phase !== 'playing' ? ' awake' : ''}`} ref={frame} tabIndex={-1}
        onPointerMove={stir}>
        <video ref={video} playsInline autoPlay onDblClick={fullscreen} aria-label={`Picture of ${name}`} />
        <Notice tuning={tuning} name={name} again={() => tuner.current?.tryNow()}
          resume={() => tuner.current?.resume()} />
        {full && (
          <div class="banner">
            <Heading channel={channel} name={name} />
            {on && <p class="on">{titlesOf(on).title}</p>}
          </div>
        )}
        {muted && tuning.phase === 'playing' && (
          <button class="unmute" onClick={mute}><MutedIcon /> Sound is off</button>
        )}
        {full && (
          <div class="corner">
            <button class="round" onClick={fullscreen} aria-label="Leave the full screen"><SmallIcon /></button>
          </div>
        )}
      </div>
      <div class="facts">
        <Heading channel={channel} name={name} />
        {on ? (
          <div class="on">
            <p class="label">On now</p>
            <h2>{titlesOf(on).title}</h2>
            <p class="sub">{titlesOf(on).sub}</p>
            <div class="bar" role="progressbar" aria-label="How much of it is over" aria-valuemin={0} aria-valuemax={100}
              aria-valuenow={Math.round(progressOf(on, now) * 100)}>
              <div style={{width: `${progressOf(on, now) * 100}%`}} />
            </div>
            <p class="quiet">{spanText(on)} · {leftText(on.stop - now)}</p>
          </div>
        ) : (
          <p class="quiet">{channel ? 'The guide does not know what is on.' : 'The guide does not have this channel.'}</p>
        )}
        {next && (
          <div class="next">
            <p class="label">Next</p>
            <p>{titlesOf(next).title}<span class="sub"> {titlesOf(next).sub}</span></p>
            <p class="quiet">{spanText(next)}</p>
          </div>
        )}
        <div class="controls">
          <button class="round" onClick={mute} aria-pressed={muted} aria-label={muted ? 'Sound on' : 'Sound off'}
            title="Sound (M)">
            {muted ? <MutedIcon /> : <SoundIcon />}
          </button>
          <button class="round" onClick={fullscreen} aria-label="Full screen" title="Full screen (F)"><FullIcon /></button>
          <button class="round" onClick={() => zap(-1)} aria-label="Channel up"><UpIcon /></button>
          <button class="round" onClick={() => zap(1)} aria-label="Channel down"><DownIcon /></button>
          <button class="round last" onClick={close} aria-label="Stop watching" title="Stop watching (Esc)"><CloseIcon /></button>
        </div>
      </div>
    </section>
  );
}

function Heading({channel, name}: {channel: Channel | undefined; name: string}) {
  return (
    <p class="station">
      {channel?.number !== undefined && <span class="number">{channel.number}</span>}
      {name}
    </p>
  );
}

// What lies over the picture while there is none.
function Notice({tuning, name, again, resume}: {tuning: Tuning; name: string; again(): void; resume(): void}) {
  if (tuning.phase === 'off' || tuning.phase === 'playing') return null;
  if (tuning.phase === 'blocked') {
    return (
      <div class="notice">
        <button class="plain strong" onClick={resume}><PlayIcon /> Play {name}</button>
      </div>
    );
  }
  const {verdict} = tuning;
  return (
    <div class="notice" role="status">
      {tuning.phase !== 'failed' && <span class="spinner" aria-hidden="true" />}
      <p class="what">{verdict ? verdict.text : `Tuning in to ${name}`}</p>
      {verdict?.hint && <p class="hint">{verdict.hint}</p>}
      {tuning.phase === 'waiting' && <p class="quiet">It is tried again by itself.</p>}
      {tuning.phase !== 'tuning' && <button class="plain" onClick={again}>Try again now</button>}
    </div>
  );
}

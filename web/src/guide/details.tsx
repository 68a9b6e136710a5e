// What an entry is that is not on now.
import {useEffect, useRef} from 'preact/hooks';
import {Channel, Entry} from '../network/shape';
import {dayText, factsOf, spanText, titlesOf, untilText} from '../words';
import {CloseIcon, PlayIcon} from '../player/icons';

export interface DetailsProps {
  channel: Channel;
  entry: Entry;
  now: number;
  play(): void;
  close(): void;
}

export function Details({channel, entry, now, play, close}: DetailsProps) {
  const button = useRef<HTMLButtonElement>(null);
  const back = useRef<Element | null>(null);
  useEffect(() => {
    back.current = document.activeElement;
    button.current?.focus();
    return () => (back.current as HTMLElement | null)?.focus?.();
  }, [entry.id]);
  const {title, sub} = titlesOf(entry);
  const when = entry.stop <= now ? 'over' : entry.start <= now ? 'on now' : untilText(entry.start - now);
  return (
    <div class="details" role="dialog" aria-label={title}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        close();
      }}>
      <div>
        <p class="label">{channel.name} · {dayText(entry.start)}, {spanText(entry)} · {when}</p>
        <h2>{title}</h2>
        {sub && <p class="sub">{sub}</p>}
        {factsOf(entry) && <p class="sub">{factsOf(entry)}</p>}
        {entry.synopsis && <p class="synopsis">{entry.synopsis}</p>}
      </div>
      <button class="plain strong" ref={button} onClick={play}><PlayIcon /> Watch the channel now</button>
      <button class="round" onClick={close} aria-label="Close"><CloseIcon /></button>
    </div>
  );
}

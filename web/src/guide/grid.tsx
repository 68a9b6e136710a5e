// The guide: channels down, time across. Drawn are the rows and hours in view; names of channels and the times stay where
// they are while the rest scrolls.
import {useLayoutEffect, useMemo, useRef, useState} from 'preact/hooks';
import {Channel, Entry} from '../network/shape';
import {clockText, dayText, spanText, titlesOf} from '../words';
import {Axis, HALF_HOUR, localOffset, ticksOf, timeAt, widthOf, xOf} from './axis';
import {Cell, Cursor, cellAt, cellsIn, cellsOf, moved, progressOf, rowsIn} from './layout';

export interface GridProps {
  channels: Channel[];
  axis: Axis;
  now: number;
  rowHeight: number;
  channelWidth: number;
  playing: string | null; // a slug
  play(channel: Channel): void;
  show(channel: Channel, entry: Entry): void; // what it is, of an entry that is not on now
  reachedEnd(): void; // the viewer looks at the last hours there are
}

interface View {
  left: number;
  top: number;
  width: number;
  height: number;
}

const SPARE_PX = 400; // drawn at either side of what is in view
const MARK_PX = 84; // at most so wide is the text of a mark with half of the badge,
const BADGE_PX = 26; // and so wide is half of the badge
const GAP_PX = 4; // between cells
const LEAD = 0.15; // of the width lies before now

export function Grid({channels, axis, now, rowHeight, channelWidth, playing, play, show, reachedEnd}: GridProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>({left: 0, top: 0, width: 1200, height: 800});
  const [cursor, setCursor] = useState<Cursor>({row: 0, time: now});
  const follow = useRef(false); // the keyboard moved the cursor: the focus goes with it

  const look = () => {
    const s = scroller.current!;
    setView({left: s.scrollLeft, top: s.scrollTop, width: s.clientWidth, height: s.clientHeight});
    if (s.scrollLeft + s.clientWidth > s.scrollWidth - SPARE_PX) reachedEnd();
  };
  const toNow = (smooth: boolean) => {
    const s = scroller.current!;
    const left = Math.max(0, xOf(axis, now) - LEAD * (s.clientWidth - channelWidth));
    s.scrollTo({left, behavior: smooth ? 'smooth' : 'auto'});
  };
  useLayoutEffect(() => {
    toNow(false);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(scroller.current!);
    return () => observer.disconnect();
  }, []);
  // When hours before are dropped or the scale changes, what was in view stays in view.
  const before = useRef(axis);
  useLayoutEffect(() => {
    const s = scroller.current!;
    const time = timeAt(before.current, s.scrollLeft);
    before.current = axis;
    if (Math.abs(xOf(axis, time) - s.scrollLeft) > 1) s.scrollLeft = xOf(axis, time);
    look();
  }, [axis.from, axis.pxPerMinute]);

  const rows = useMemo(() => channels.map((channel) => cellsOf(channel.entries, axis.from, axis.to)),
    [channels, axis.from, axis.to]);
  const row = Math.min(cursor.row, Math.max(0, channels.length - 1));
  const time = Math.min(axis.to - 1, Math.max(axis.from, cursor.time));

  // The cell of the cursor comes into view, and has the focus. It is drawn also while it is out of view: the keyboard is there.
  useLayoutEffect(() => {
    if (!follow.current) return;
    const s = scroller.current!;
    const cell = rows[row] && cellAt(rows[row], time);
    if (!cell) return;
    const header = s.querySelector<HTMLElement>('.times')?.offsetHeight ?? 0;
    const top = row * rowHeight;
    if (top < s.scrollTop) s.scrollTop = top;
    else if (top + rowHeight > s.scrollTop + s.clientHeight - header) s.scrollTop = top + rowHeight - s.clientHeight + header;
    const lane = s.clientWidth - channelWidth;
    const [left, right] = [xOf(axis, cell.start), xOf(axis, cell.stop)];
    if (left < s.scrollLeft || left > s.scrollLeft + lane - 60) s.scrollLeft = Math.max(0, left - 24);
    else if (right > s.scrollLeft + lane) s.scrollLeft = Math.min(left, right - lane);
    look();
    follow.current = false;
    s.querySelector<HTMLElement>('[role=gridcell] [tabindex="0"]')?.focus({preventScroll: true});
  }, [cursor]);

  const pressed = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const to = moved({row, time}, event.key, rows, now);
    if (!to) return;
    event.preventDefault();
    follow.current = true;
    if (event.key === 'Home') toNow(false);
    setCursor(to);
  };
  const chosen = (channel: Channel, cell: Cell, rowNumber: number) => {
    setCursor({row: rowNumber, time: Math.max(cell.start, Math.min(cell.stop - 1, now))});
    if (cell.entry && !(cell.start <= now && now < cell.stop)) show(channel, cell.entry);
    else play(channel);
  };

  const [first, last] = rowsIn(view.top, view.height, rowHeight, channels.length);
  const drawn = Array.from({length: last - first}, (_, i) => first + i);
  if (row < channels.length && (row < first || row >= last)) drawn.push(row);
  const from = timeAt(axis, view.left - SPARE_PX);
  const to = timeAt(axis, view.left + view.width + SPARE_PX);
  const ticks = ticksOf(Math.max(axis.from, from), Math.min(axis.to, to), localOffset);
  const nowX = xOf(axis, now);
  const nowInView = nowX >= view.left && nowX <= view.left + view.width - channelWidth;
  const width = widthOf(axis);
  const edge = timeAt(axis, view.left);

  return (
    <div class="guide" style={{'--row': `${rowHeight}px`, '--channels': `${channelWidth}px`}}>
      <div class="scroller" ref={scroller} onScroll={look} onKeyDown={pressed} role="grid" aria-label="Guide"
        aria-rowcount={channels.length} aria-colcount={-1}>
        <div class="plane" style={{width: `${channelWidth + width}px`, height: `calc(var(--times) + ${channels.length * rowHeight}px)`}}>
          <div class="times" aria-hidden="true">
            <div class="day">{dayText(edge)}</div>
            <div class="marks">
              {ticks.map((tick) => {
                const x = xOf(axis, tick.at);
                const hidden = x > nowX - MARK_PX && x < nowX + BADGE_PX; // the badge stands there
                return (
                  <span key={tick.at} class={tick.hour ? 'hour' : 'half'} style={{left: `${x}px`}}>
                    {tick.day && !hidden && <b>{dayText(tick.at)}</b>}
                    {!hidden && clockText(tick.at)}
                  </span>
                );
              })}
              <span class="badge" style={{left: `${nowX}px`}}>{clockText(now)}</span>
            </div>
          </div>
          <div class="now" style={{left: `calc(var(--channels) + ${nowX}px)`}} aria-hidden="true" />
          {drawn.map((index) => {
            const channel = channels[index]!;
            const focus = index === row ? time : null;
            return (
              <Row key={channel.slug} channel={channel} index={index} rowHeight={rowHeight} axis={axis} now={now}
                cells={cellsIn(rows[index]!, from, to, focus)} focus={focus} left={view.left}
                playing={channel.slug === playing} play={play} chosen={chosen} />
            );
          })}
        </div>
      </div>
      {!nowInView && <button class="plain to-now" onClick={() => toNow(true)}>Back to now</button>}
    </div>
  );
}

interface RowProps {
  channel: Channel;
  index: number;
  rowHeight: number;
  axis: Axis;
  now: number;
  cells: Cell[];
  focus: number | null; // the instant the keyboard is at, in this row
  left: number; // where the view begins
  playing: boolean;
  play(channel: Channel): void;
  chosen(channel: Channel, cell: Cell, row: number): void;
}

function Row({channel, index, rowHeight, axis, now, cells, focus, left, playing, play, chosen}: RowProps) {
  return (
    <div class={`row${playing ? ' playing' : ''}`} role="row" aria-rowindex={index + 1}
      style={{top: `calc(var(--times) + ${index * rowHeight}px)`}}>
      <div class="channel" role="rowheader">
        <button tabIndex={-1} onClick={() => play(channel)} aria-label={`Watch ${channel.name}`} title={channel.name}>
          <span class="number">{channel.number}</span>
          {channel.logo ? <Logo src={channel.logo} name={channel.name} /> : <span class="name">{channel.name}</span>}
          {playing && <span class="live" aria-label="playing"><i /><i /><i /></span>}
        </button>
      </div>
      <div class="lane">
        {cells.map((cell) => (
          <CellView key={cell.start} cell={cell} axis={axis} now={now} left={left} channel={channel}
            focused={focus !== null && cell.start <= focus && focus < cell.stop}
            choose={() => chosen(channel, cell, index)} />
        ))}
      </div>
    </div>
  );
}

interface CellProps {
  cell: Cell;
  axis: Axis;
  now: number;
  left: number;
  channel: Channel;
  focused: boolean;
  choose(): void;
}

function CellView({cell, axis, now, left, channel, focused, choose}: CellProps) {
  const on = cell.start <= now && now < cell.stop;
  const {entry} = cell;
  const {title, sub} = entry ? titlesOf(entry) : {title: 'Nothing is known', sub: ''};
  const x = xOf(axis, cell.start);
  const width = xOf(axis, cell.stop) - x;
  const seen = x + width - Math.max(x, left); // of its width
  const when = on ? 'on now' : cell.stop <= now ? 'over' : 'later';
  return (
    <div class={`cell ${when.split(' ')[0]}${entry ? '' : ' gap'}`} role="gridcell"
      style={{left: `${x}px`, width: `${width}px`}}>
      <button tabIndex={focused ? 0 : -1} onClick={choose}
        aria-label={`${channel.name}: ${title}${sub ? `, ${sub}` : ''}, ${spanText(entry ?? cell)}, ${when}`}>
        <span class="text" style={{maxWidth: `${Math.max(48, seen - GAP_PX)}px`}}>
          <span class="title">{title}</span>
          {entry && <span class="sub">{sub || (cell.stop - cell.start >= HALF_HOUR ? spanText(entry) : '')}</span>}
        </span>
        {on && entry && <span class="done" style={{width: `${progressOf(entry, now) * 100}%`}} />}
      </button>
    </div>
  );
}

// A logo that cannot be had is a name.
function Logo({src, name}: {src: string; name: string}) {
  const [broken, setBroken] = useState(false);
  if (broken) return <span class="name">{name}</span>;
  return <img src={src} alt={name} loading="lazy" onError={() => setBroken(true)} />;
}

// What becomes of a channel that cannot be played: what the viewer is told, and when it is tried again. Pure.
import {pauseBefore} from '../network/pause';

export type Failure =
  | {kind: 'refused'; status: number; message: string; retryAfterS: number | null} // an answer that is no stream
  | {kind: 'away'} // no answer, or the connection broke
  | {kind: 'ended'} // the stream ended, which a channel never does by itself
  | {kind: 'stalled'} // no picture for a while
  | {kind: 'undecodable'; message: string}; // the browser cannot play what came

export interface Verdict {
  text: string;
  hint: string; // a second, smaller sentence; may be ""
  againMs: number | null; // when it is tried again; null: not by itself
}

const LONGEST_RETRY_S = 60;
const AFTER_AN_ERROR_MS = 10_000;
const MOST_DECODER_FAILURES = 4;

// `failures` counts this one and those right before it, from 1; `chance` in [0, 1).
export function verdictOn(failure: Failure, failures: number, chance: number): Verdict {
  const soon = pauseBefore(failures, chance);
  switch (failure.kind) {
    case 'refused':
      return refusal(failure.status, failure.message, failure.retryAfterS, soon);
    case 'away':
      return {text: 'The network is away.', hint: 'The channel goes on as soon as it is back.', againMs: soon};
    case 'ended':
      return {text: 'The channel was interrupted.', hint: '', againMs: soon};
    case 'stalled':
      return {text: 'No picture is coming.', hint: '', againMs: soon};
    case 'undecodable':
      return failures < MOST_DECODER_FAILURES
        ? {text: 'The picture broke up.', hint: '', againMs: soon}
        : {text: 'This browser cannot play the channel.', hint: failure.message, againMs: null};
  }
}

function refusal(status: number, message: string, retryAfterS: number | null, soon: number): Verdict {
  if (status === 404 || status === 410) {
    return {text: 'There is no such channel any more.', hint: message, againMs: null};
  }
  if (status === 503) {
    const wait = retryAfterS === null ? soon : Math.min(LONGEST_RETRY_S, Math.max(1, retryAfterS)) * 1000;
    return {text: 'The channel is not on the air right now.', hint: message, againMs: wait};
  }
  if (status >= 500) return {text: 'The channel has a fault.', hint: message, againMs: Math.max(soon, AFTER_AN_ERROR_MS)};
  return {text: `The network refuses this channel (${status}).`, hint: message, againMs: null};
}

// The seconds of a Retry-After header: a number, or a date (RFC 9110, 10.2.3) seen from `nowMs`.
export function retryAfterOf(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\d{1,6}$/.test(header.trim())) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - nowMs) / 1000));
}

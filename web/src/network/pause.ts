const FIRST_MS = 500;
const LONGEST_MS = 10_000;

// How long to wait before trying again after so many failures in a row, in ms: twice as long each time, at most 10 s, and up
// to a quarter less by chance (`chance` in [0, 1)), so that all the viewers of a network that comes back do not come at once.
export function pauseBefore(failures: number, chance: number): number {
  const pause = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(pause * (1 - chance / 4));
}

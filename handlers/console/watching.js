// Looking again and again, as long as somebody looks.

const SOON = 1000;
const LATE = 5000;

/**
 * Call `look` until it answers 'over', or the returned function is called. `look` answers whether anything has changed: while
 * nothing does, it is called more rarely; while the page is hidden, not at all.
 */
export function watch(look) {
  let wait = SOON;
  let timer = null;
  let ended = false;
  const again = async () => {
    if (ended) return;
    if (!document.hidden) {
      const found = await look().catch(() => false);
      if (found === 'over') return;
      wait = found ? SOON : Math.min(wait * 1.5, LATE);
    }
    if (!ended) timer = setTimeout(again, wait);
  };
  const seen = () => {
    if (document.hidden) return;
    clearTimeout(timer);
    wait = SOON;
    timer = setTimeout(again, 0);
  };
  document.addEventListener('visibilitychange', seen);
  timer = setTimeout(again, wait);
  return () => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  };
}

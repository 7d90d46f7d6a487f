const units = [
  { name: 'day', seconds: 86_400 },
  { name: 'hour', seconds: 3_600 },
  { name: 'minute', seconds: 60 },
  { name: 'second', seconds: 1 },
] as const;

function counted(count: number, unitName: string): string {
  return `${String(count)} ${unitName}${count === 1 ? '' : 's'}`;
}

/**
 * Says a span of seconds in at most two plain units, rounded up: `600` is "10 minutes", `5400` is
 * "1 hour and 30 minutes"; throws a RangeError for a span that is negative or not finite.
 */
export function durationWords(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) {
    throw new RangeError('a span of time must be finite and not negative');
  }
  const wholeSeconds = Math.ceil(seconds);
  for (const [index, unit] of units.entries()) {
    if (wholeSeconds < unit.seconds) continue;
    const smaller = units[index + 1] ?? unit;
    const rounded = Math.ceil(wholeSeconds / smaller.seconds) * smaller.seconds;
    // Rounding may reach the next unit: 23:59:59 is "1 day", never "24 hours".
    if (rounded !== wholeSeconds) return durationWords(rounded);
    const large = counted(Math.floor(wholeSeconds / unit.seconds), unit.name);
    const rest = (wholeSeconds % unit.seconds) / smaller.seconds;
    return rest === 0 ? large : `${large} and ${counted(rest, smaller.name)}`;
  }
  return counted(0, 'second');
}

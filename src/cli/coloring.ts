/** Whether a stream is a terminal that wants colors (https://no-color.org). */
export function isColored(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR = '', TERM } = process.env;
  return stream.isTTY && NO_COLOR === '' && TERM !== 'dumb';
}

import Table from 'cli-table3';
import colors from 'picocolors';

let chapters = 0;

/** Begins a chapter of the story. */
export function chapter(title) {
  chapters += 1;
  console.log(`\n${colors.bold(`${chapters}. ${title}`)}`);
}

/** Says one thing that was seen. */
export function fact(name, text) {
  console.log(`   ${colors.dim(name.padEnd(9))} ${text}`);
}

/** Says something about the story itself, or what a program printed. */
export function note(text) {
  for (const line of text.split('\n')) console.log(`   ${line}`);
}

const suspicious = new Set(['RefreshTokenReuseDetected', 'FamilyRevoked', 'RefreshRejected']);

/** Shows the events of a family as a table; retries in a row are one line. */
export function timeline(events) {
  const rows = foldedRows(events).map(({ position, name, type, generation, actor, agent }) => {
    const paint = suspicious.has(name) ? colors.red : (text) => text;
    return [position, paint(type), generation, actor, agent];
  });
  table(['position', 'event', 'generation', 'who', 'agent'], rows);
}

/** Shows a table. */
export function table(head, rows) {
  const drawn = new Table({ head, style: { head: [], border: [], compact: true } });
  drawn.push(...rows);
  console.log(drawn.toString().replaceAll(/^/gm, '   '));
}

function foldedRows(events) {
  const rows = [];
  for (const event of events) {
    const row = rowOf(event);
    const last = rows.at(-1);
    if (
      last?.name === event.type &&
      event.type === 'RefreshRetried' &&
      last.generation === row.generation
    ) {
      last.count += 1;
      last.type = `${event.type} × ${last.count}`;
    } else {
      rows.push(row);
    }
  }
  return rows;
}

function rowOf({ type, position, actor, data, origin }) {
  const { presentedGeneration, generation } = data;
  const step = [presentedGeneration, generation]
    .filter((one) => typeof one === 'number')
    .join(' → ');
  const [kind] = (data.actor ?? actor).split(':');
  return {
    name: type,
    type,
    count: 1,
    position,
    generation: step,
    actor: kind,
    agent: origin?.userAgent ?? '',
  };
}

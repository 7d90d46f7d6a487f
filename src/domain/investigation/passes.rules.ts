import { type EventWithOrigin, type FamilyRecord, familyRecordOf } from './family-record.rules.js';

/** Is shown every event of a family, oldest first. */
export type Look = (record: FamilyRecord) => void;

/**
 * A question about a family that is answered by going through its events, oldest first, once or more
 * often: each look is shown all of them before the next one is asked for. What is kept between two
 * events does not grow with the life of the family.
 */
export type Passes<Answer> = Generator<Look, Answer, void>;

/** Answers a question from events that are all at hand. */
export function answerFrom<Answer>(
  passes: Passes<Answer>,
  history: readonly EventWithOrigin[],
): Answer {
  for (;;) {
    const step = passes.next();
    if (step.done === true) return step.value;
    for (const event of history) step.value(familyRecordOf(event));
  }
}

/** Answers two questions in the same passes. */
export function* bothOf<One, Other>(
  one: Passes<One>,
  other: Passes<Other>,
): Passes<readonly [One, Other]> {
  let first = one.next();
  let second = other.next();
  while (first.done !== true || second.done !== true) {
    const looks = [first, second].flatMap((step) => (step.done === true ? [] : [step.value]));
    yield (record) => looks.forEach((look) => look(record));
    if (first.done !== true) first = one.next();
    if (second.done !== true) second = other.next();
  }
  return [first.value, second.value];
}

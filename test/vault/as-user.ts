/** Root may read and write whatever the mode says. */
export const isRoot = process.geteuid?.() === 0;

/** The id of an ordinary user and of its group. */
export const NOBODY = 65_534;

/** Does something with an ordinary user's permissions, even when root runs the tests. */
export function asUser<Result>(action: () => Result): Result {
  if (!isRoot) return action();
  process.seteuid?.(NOBODY);
  try {
    return action();
  } finally {
    process.seteuid?.(0);
  }
}

/** The same for what takes a while. Nothing else of the test may run meanwhile. */
export async function asUserAsync<Result>(action: () => Promise<Result>): Promise<Result> {
  if (!isRoot) return action();
  process.seteuid?.(NOBODY);
  try {
    return await action();
  } finally {
    process.seteuid?.(0);
  }
}

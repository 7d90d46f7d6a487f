import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ViewsFeeding } from '../../src/views/views-feeding.js';
import { anyHappening, ViewsHistory } from '../support/views-history.js';
import { catchUp, openViewsStage, rowsOfViews } from '../support/views-stage.js';

const RUNS = 12;

/** What happens, and after which of it the live views follow, with or without what they remember. */
const anySteps = fc.array(
  fc.record({
    happening: anyHappening,
    follow: fc.constantFrom('not yet', 'not yet', 'go on', 'begin anew'),
  }),
  { minLength: 40, maxLength: 120, size: 'max' },
);

describe('views that are built anew', () => {
  it('are row by row those that followed the ledger, whatever happened', async () => {
    let incidents = 0;
    let erasedAddresses = 0;
    await fc.assert(
      fc.asyncProperty(anySteps, async (steps) => {
        const stage = await openViewsStage();
        try {
          const live = await stage.rebuild();
          const views = stage.open(live);
          let feeding = new ViewsFeeding(stage.feed, views, 256);
          const history = new ViewsHistory(stage);
          for (const { happening, follow } of steps) {
            await history.take(happening);
            if (follow === 'begin anew') feeding = new ViewsFeeding(stage.feed, views, 256);
            if (follow !== 'not yet') await feeding.feed();
          }
          await catchUp(stage.feed, views);
          const rows = rowsOfViews(stage.fileOf(live));
          const rebuilt = await stage.rebuild();
          expect(rowsOfViews(stage.fileOf(rebuilt))).toEqual(rows);
          expect(rebuilt).not.toBe(live);
          incidents += rows['incidents']?.length ?? 0;
          erasedAddresses += (rows['audit_events'] as { type: string; address: unknown }[]).filter(
            ({ type, address }) => type === 'GrantIssued' && address === null,
          ).length;
        } finally {
          await stage.remove();
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(incidents).toBeGreaterThan(0);
    expect(erasedAddresses).toBeGreaterThan(0);
  }, 120_000);
});

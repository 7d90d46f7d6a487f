import { describe, expect, it, jest } from '@jest/globals';
import type { TokenOutcome } from '../../src/grants/token-answer.js';
import { ServiceMetrics } from '../../src/operations/service-metrics.js';
import { ServiceWatch } from '../../src/operations/service-watch.js';
import { StoreTrouble } from '../../src/operations/store-trouble.js';

function granted(how: 'redeemed' | 'rotated' | 'retried' | 'client_token'): TokenOutcome {
  return { kind: 'granted', how, accessToken: 'x', expiresIn: 1, scope: [] };
}

function refused(reason: 'malformed_token' | 'reuse_detected' | 'family_revoked'): TokenOutcome {
  return { kind: 'refused', error: 'invalid_grant', reason };
}

async function linesOf(metrics: ServiceMetrics): Promise<string[]> {
  const { body } = await metrics.text();
  return body.split('\n').filter((line) => line.startsWith('token_ledger_'));
}

describe('metrics', () => {
  it('begin with zeros, so that a rate can be taken from the first', async () => {
    const lines = await linesOf(new ServiceMetrics());
    expect(lines).toEqual(
      expect.arrayContaining([
        'token_ledger_rotations_total 0',
        'token_ledger_retries_total 0',
        'token_ledger_reuses_total 0',
        'token_ledger_appended_events_total 0',
        'token_ledger_conflicts_total 0',
        'token_ledger_batch_decisions_count 0',
        'token_ledger_flush_duration_seconds_count 0',
      ]),
    );
  });

  it('count what became of requests, by grant and reason', async () => {
    const metrics = new ServiceMetrics();
    for (const how of ['rotated', 'rotated', 'retried'] as const) {
      metrics.observed('refresh_token', granted(how));
    }
    metrics.observed('authorization_code', granted('redeemed'));
    metrics.observed('client_credentials', granted('client_token'));
    metrics.observed('refresh_token', refused('malformed_token'));
    metrics.observed('refresh_token', refused('reuse_detected'));
    metrics.observed('authorization_code', refused('reuse_detected'));
    const expected = [
      'token_ledger_rotations_total 2',
      'token_ledger_retries_total 1',
      'token_ledger_reuses_total 2',
      'token_ledger_grants_total{grant="refresh_token",how="rotated"} 2',
      'token_ledger_grants_total{grant="authorization_code",how="redeemed"} 1',
      'token_ledger_grants_total{grant="client_credentials",how="client_token"} 1',
      'token_ledger_denials_total{grant="refresh_token",reason="malformed_token"} 1',
      'token_ledger_denials_total{grant="refresh_token",reason="reuse_detected"} 1',
      'token_ledger_denials_total{grant="authorization_code",reason="reuse_detected"} 1',
    ];
    expect(await linesOf(metrics)).toEqual(expect.arrayContaining(expected));
    expect(await linesOf(metrics)).toEqual(expect.arrayContaining(expected));
  });

  it('never take a label from a caller', async () => {
    const metrics = new ServiceMetrics();
    for (const grant of ['urn:evil"} 1\n', 'x'.repeat(5000), '__proto__', 'constructor']) {
      metrics.observed(grant, refused('family_revoked'));
    }
    expect((await linesOf(metrics)).filter((line) => line.includes('denials'))).toEqual([
      'token_ledger_denials_total{grant="other",reason="family_revoked"} 4',
    ]);
  });

  it('show batches, commits, failures and what waits', async () => {
    const metrics = new ServiceMetrics();
    metrics.flushed({ decisions: 3, events: 5, durationMilliseconds: 0.4 });
    metrics.flushed({ decisions: 100, events: 90, durationMilliseconds: 30 });
    metrics.failed('disk_full');
    metrics.sealFailed('file');
    metrics.refolded({ differing: ['family:1'], uncheckedCount: 3 });
    metrics.watch({
      waiting: () => 7,
      conflicts: () => 2,
      sizeEvents: () => Promise.resolve(95),
      sizeBytes: () => Promise.reject(new Error('gone')),
      sealed: () => Promise.resolve({ sizeEvents: 91, lagEvents: 4, ageSeconds: 2.5 }),
      viewsEvents: () => Promise.resolve(90),
      viewsLagEvents: () => Promise.resolve(4),
      viewsLagSeconds: () => Promise.resolve(0.5),
    });
    expect(await linesOf(metrics)).toEqual(
      expect.arrayContaining([
        'token_ledger_batch_decisions_bucket{le="2"} 0',
        'token_ledger_batch_decisions_bucket{le="4"} 1',
        'token_ledger_batch_decisions_bucket{le="128"} 2',
        'token_ledger_batch_decisions_sum 103',
        'token_ledger_flush_duration_seconds_bucket{le="0.0005"} 1',
        'token_ledger_flush_duration_seconds_bucket{le="0.05"} 2',
        'token_ledger_appended_events_total 95',
        'token_ledger_flush_failures_total{code="disk_full"} 1',
        'token_ledger_queue_decisions 7',
        'token_ledger_conflicts_total 2',
        'token_ledger_size_events 95',
        'token_ledger_size_bytes Nan',
        'token_ledger_sealed_size_events 91',
        'token_ledger_seal_lag_events 4',
        'token_ledger_seal_age_seconds 2.5',
        'token_ledger_seal_failures_total{code="file"} 1',
        'token_ledger_refold_failures_total 1',
        'token_ledger_refold_unchecked_total 3',
        'token_ledger_views_events 90',
        'token_ledger_views_lag_events 4',
        'token_ledger_views_lag_seconds 0.5',
      ]),
    );
  });

  it('include the process and the event loop', async () => {
    const { body, mediaType } = await new ServiceMetrics().text();
    expect(mediaType).toMatch(/^text\/plain; version=/);
    expect(body).toMatch(/^process_resident_memory_bytes \d+$/m);
    expect(body).toMatch(/^nodejs_eventloop_lag_p99_seconds [\d.e-]+$/m);
  });
});

describe('trouble of the store', () => {
  it('is present after a failed commit, until one writes or ten seconds have passed', () => {
    const trouble = new StoreTrouble();
    expect(trouble.isPresent(0)).toBe(false);
    trouble.failed('disk_full', 1000);
    expect(trouble.isPresent(10_999)).toBe(true);
    expect(trouble.isPresent(11_000)).toBe(false);
    trouble.failed('read_only', 20_000);
    trouble.flushed({ events: 0 });
    expect(trouble.isPresent(20_001)).toBe(true);
    trouble.flushed({ events: 1 });
    expect(trouble.isPresent(20_001)).toBe(false);
  });

  it('is not what one decision or too many requests did', () => {
    const trouble = new StoreTrouble();
    trouble.failed('decider', 1000);
    trouble.failed('ledger_busy', 1000);
    expect(trouble.isPresent(1001)).toBe(false);
  });

  it('is not a clock that is behind the ledger: it may be set at any moment', () => {
    const trouble = new StoreTrouble();
    trouble.failed('clock_ahead', 1000);
    trouble.failed('clock_behind', 1000);
    expect(trouble.isPresent(1001)).toBe(false);
  });

  it('does not last longer when the clock is set back', () => {
    jest.useFakeTimers({ now: Date.UTC(2026, 10, 21, 9) });
    try {
      const trouble = new StoreTrouble();
      trouble.failed('disk_full');
      expect(trouble.isPresent()).toBe(true);
      jest.advanceTimersByTime(9_999);
      jest.setSystemTime(Date.UTC(2026, 10, 21, 8));
      expect(trouble.isPresent()).toBe(true);
      jest.advanceTimersByTime(1);
      expect(trouble.isPresent()).toBe(false);
    } finally {
      jest.useRealTimers();
    }
  });

  it.each([
    ['contradicts itself', 'ledger_corrupted'],
    ['is an old copy', 'ledger_rolled_back'],
  ])('stays when the ledger %s, and is reported once', async (_how, code) => {
    const watch = new ServiceWatch();
    const error = new Error('position 3');
    watch.failed(code, error);
    watch.failed(code, new Error('another'));
    watch.flushed({ decisions: 1, events: 1, durationMilliseconds: 1 });
    expect(watch.trouble.isPresent(Number.MAX_SAFE_INTEGER)).toBe(true);
    await expect(watch.corrupted).resolves.toBe(error);
  });
});

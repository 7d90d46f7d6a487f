import { describe, expect, it } from '@jest/globals';
import {
  type IncidentNature,
  natureOf,
  type Verdict,
} from '../../../src/domain/backtest/incident-nature.rules.js';
import type { IncidentCause } from '../../../src/domain/investigation/incident-cause.rules.js';

const unclear: IncidentNature = { nature: 'unclear', basis: 'none' };

describe('what an incident is taken for', () => {
  it.each<[Verdict, IncidentNature]>([
    ['theft', { nature: 'theft', basis: 'verdict' }],
    ['broken_client', { nature: 'false_alarm', basis: 'verdict' }],
    ['false_alarm', { nature: 'false_alarm', basis: 'verdict' }],
    ['unclear', unclear],
  ])('is what an operator said: %s', (verdict, nature) => {
    expect(natureOf({ verdict })).toEqual(nature);
    expect(natureOf({ verdict, cause: 'likely_theft' })).toEqual(nature);
    expect(natureOf({ verdict, cause: 'lost_response' })).toEqual(nature);
  });

  const theft: IncidentNature = { nature: 'theft', basis: 'cause' };
  const falseAlarm: IncidentNature = { nature: 'false_alarm', basis: 'cause' };

  it.each<[IncidentCause, IncidentNature]>([
    ['lost_response', falseAlarm],
    ['concurrent_client', falseAlarm],
    ['stale_process', falseAlarm],
    ['fork', theft],
    ['likely_theft', theft],
    ['foreign_client', theft],
    ['wrong_client_secret', theft],
    ['suspected_shadow', theft],
    ['code_replayed', theft],
    ['ledger_rollback', unclear],
    ['unclear', unclear],
  ])('is what %s points to where nobody judged it', (cause, nature) => {
    expect(natureOf({ cause })).toEqual(nature);
  });

  it('is unclear where nothing is known', () => {
    expect(natureOf({})).toEqual(unclear);
  });
});

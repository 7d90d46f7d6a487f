import { describe, expect, it } from '@jest/globals';
import { openIncident } from '../../../src/domain/token-family/family.decision.js';
import { evolve } from '../../../src/domain/streams.js';
import { refresh } from '../../support/domain-family-commands.js';
import {
  familyAt,
  granted,
  redeemed,
  revoked,
  rotatedTo,
} from '../../support/domain-family-events.js';
import {
  account,
  callerOf,
  clientNamed,
  DAY,
  FAMILY_ID,
  GRANTED_AT,
  INCIDENT_ID,
  MINUTE,
  otherApp,
  PHOTOS_API,
  photoApp,
  photoServer,
  project,
  REDEEMED_AT,
  rotatedAt,
  SECOND,
} from '../../support/domain-world.js';
import { at, event, given } from '../../support/given-when-then.js';

describe('row 0: client authentication', () => {
  const family = familyAt(2);
  const serverFamily = [granted({ clientId: photoServer.clientId }), redeemed(), rotatedTo(1)];
  const refused = { error: 'invalid_client', reason: 'client_authentication_failed' } as const;
  const evidence = event('RefreshRejected', {
    kind: 'refresh',
    reason: 'client_authentication_failed',
    clientAuthenticated: false,
    incidentId: INCIDENT_ID,
  });

  it('keeps a genuine token with a wrong secret as evidence of theft', () => {
    const caller = callerOf(photoServer, { provenSecretId: undefined });
    given(...serverFamily)
      .when(refresh({ generation: 1, caller }))
      .then({
        events: [evidence],
        incident: 'client_authentication_failed',
        outcome: { kind: 'refused', ...refused },
      });
  });

  it('records no name that a caller made up', () => {
    const caller = { clientId: 'not-registered', authMethod: 'none' } as const;
    given(...family)
      .when(refresh({ generation: 2, caller }))
      .then({
        events: [event('RefreshRejected', { ...evidence.data, clientId: undefined })],
        incident: 'client_authentication_failed',
        outcome: refused,
      });
  });

  it('takes no other method than the registered one', () => {
    const caller = callerOf(photoServer, { authMethod: 'client_secret_post' });
    given(...serverFamily)
      .when(refresh({ generation: 1, caller }))
      .then({ events: [evidence], incident: 'client_authentication_failed', outcome: refused });
  });

  it('takes no other secret than those that are valid', () => {
    const caller = callerOf(photoServer, { provenSecretId: 'a-secret-of-long-ago' });
    given(...serverFamily)
      .when(refresh({ generation: 1, caller }))
      .then({ events: [evidence], incident: 'client_authentication_failed', outcome: refused });
  });

  it('comes before the token: a reused one kills nothing without it', () => {
    const caller = callerOf(photoApp, { authMethod: 'client_secret_basic' });
    const { state } = given(...family)
      .when(refresh({ generation: 0, caller }))
      .then({ events: [evidence], incident: 'client_authentication_failed', outcome: refused });
    expect(state?.status).toBe('active');
  });

  const rotatedSecret = clientNamed('photo-server', 'client_secret_basic', {
    secretId: 'second',
    previousSecret: { secretId: 'first', until: rotatedAt(1) + MINUTE },
  });
  const previous = callerOf(rotatedSecret, { provenSecretId: 'first' });

  it('takes the secret before the last until its end', () => {
    given(...serverFamily)
      .when(
        refresh({ generation: 1, caller: previous }),
        at(rotatedAt(1) + MINUTE - 1, { client: rotatedSecret }),
      )
      .then({ events: [event('RefreshTokenRotated')], outcome: { how: 'rotated' } });
  });

  it('refuses the secret before the last at its end', () => {
    given(...serverFamily)
      .when(
        refresh({ generation: 1, caller: previous }),
        at(rotatedAt(1) + MINUTE, { client: rotatedSecret }),
      )
      .then({ events: [evidence], incident: 'client_authentication_failed', outcome: refused });
  });
});

describe('row 2: a family that the ledger does not know', () => {
  it('is an incident whose stream holds the suspicion', () => {
    const presented = {
      kind: 'refresh',
      familyId: FAMILY_ID,
      number: 3,
      keyId: '1',
      epoch: 0,
    } as const;
    const { kind, streamId, events } = openIncident('ledger_rollback', undefined, presented, {
      incidentId: INCIDENT_ID,
    });
    expect({ kind, streamId }).toEqual({ kind: 'incident', streamId: 'incident:incident-1' });
    const suspicion = {
      type: 'LedgerRollbackSuspected',
      data: {
        clientAuthenticated: true,
        authMethod: 'none',
        policyRevision: 'policy-1',
        receivedAt: GRANTED_AT,
        kind: 'refresh',
        presentedGeneration: 3,
        keyId: '1',
        incidentId: INCIDENT_ID,
      },
    } as const;
    const folded = [...events, suspicion].reduce<ReturnType<typeof evolve<'incident'>> | undefined>(
      (state, one) =>
        evolve('incident', state, { ...one, recordedAt: GRANTED_AT, id: INCIDENT_ID }),
      undefined,
    );
    expect(folded).toMatchObject({ kind: 'ledger_rollback', familyId: FAMILY_ID });
    expect(folded?.clientId).toBeUndefined();
  });
});

describe('rows 3 to 5 and 8: refusals that change nothing', () => {
  const foreign = callerOf(otherApp);
  const bound = [granted(), redeemed({ boundSenderKey: 'key-of-the-app' }), rotatedTo(1)];
  const machineFamily = [granted({ subject: undefined }), redeemed()];
  const narrow = { idle: 20 * MINUTE };
  const idleEnd = rotatedAt(1) + narrow.idle;
  const shortLived = [
    granted({ absoluteExpiresAt: GRANTED_AT + DAY }),
    redeemed({ idleExpiresAt: GRANTED_AT + DAY }),
  ];

  const refusals = [
    {
      why: 'the token belongs to another client',
      history: familyAt(1),
      command: refresh({ generation: 1, caller: foreign }),
      reason: 'foreign_client',
      incident: 'foreign_client',
    },
    {
      why: 'another client presents a token that was used before',
      history: familyAt(3),
      command: refresh({ generation: 0, caller: foreign }),
      reason: 'foreign_client',
      incident: 'foreign_client',
    },
    {
      why: 'a public client proves another key than the token is bound to',
      history: bound,
      command: refresh({ generation: 1, caller: callerOf(photoApp, { senderKey: 'another-key' }) }),
      reason: 'sender_mismatch',
    },
    {
      why: 'a public client proves no key although the token is bound',
      history: bound,
      command: refresh({ generation: 0 }),
      reason: 'sender_mismatch',
    },
    {
      why: 'the family is revoked',
      history: [...familyAt(1), revoked(rotatedAt(1) + SECOND)],
      command: refresh({ generation: 1 }),
      reason: 'family_revoked',
    },
    {
      why: 'the family reaches its absolute end',
      history: shortLived,
      command: refresh({ generation: 0 }),
      circumstances: at(GRANTED_AT + DAY),
      reason: 'expired_absolute',
    },
    {
      why: 'the family has no whole second left',
      history: shortLived,
      command: refresh({ generation: 0 }),
      circumstances: at(GRANTED_AT + DAY - 999),
      reason: 'expired_absolute',
    },
    {
      why: 'the family has no whole second left when it is decided',
      history: shortLived,
      command: refresh({ generation: 0 }),
      circumstances: at(GRANTED_AT + DAY - MINUTE, { recordedAt: GRANTED_AT + DAY - 999 }),
      reason: 'expired_absolute',
    },
    {
      why: 'the last second of the family has begun, as access tokens count',
      history: [granted({ absoluteExpiresAt: GRANTED_AT + DAY + 999 }), redeemed()],
      command: refresh({ generation: 0 }),
      circumstances: at(GRANTED_AT + DAY - 1),
      reason: 'expired_absolute',
    },
    {
      why: 'it is retried when the family has no whole second left',
      history: [...shortLived, rotatedTo(1, {}, GRANTED_AT + DAY - 2 * SECOND)],
      command: refresh({ generation: 0 }),
      circumstances: at(GRANTED_AT + DAY - 1),
      reason: 'expired_absolute',
    },
    {
      why: 'the token was not used for too long',
      history: [...familyAt(0, narrow), rotatedTo(1, { idleExpiresAt: idleEnd })],
      command: refresh({ generation: 1 }),
      circumstances: at(idleEnd),
      reason: 'expired_idle',
    },
    {
      why: 'an expired family is presented with a token that was used before',
      history: [...familyAt(0, narrow), rotatedTo(1), rotatedTo(2, { idleExpiresAt: idleEnd })],
      command: refresh({ generation: 0 }),
      circumstances: at(idleEnd),
      reason: 'expired_idle',
    },
    {
      why: 'the client is disabled',
      history: familyAt(1),
      command: refresh({ generation: 1 }),
      circumstances: { client: { ...photoApp, status: 'disabled' } },
      reason: 'client_disabled',
    },
    {
      why: 'the project is disabled',
      history: familyAt(1),
      command: refresh({ generation: 1 }),
      circumstances: { project: { ...project, status: 'disabled' } },
      reason: 'project_disabled',
    },
    {
      why: 'the project is unknown',
      history: familyAt(1),
      command: refresh({ generation: 1 }),
      circumstances: { project: undefined },
      reason: 'project_disabled',
    },
    {
      why: 'the account is disabled',
      history: familyAt(1),
      command: refresh({ generation: 1 }),
      circumstances: { account: { ...account, status: 'disabled' } },
      reason: 'account_disabled',
    },
    {
      why: 'the account is erased',
      history: familyAt(1),
      command: refresh({ generation: 1 }),
      circumstances: { account: { ...account, status: 'erased' } },
      reason: 'account_disabled',
    },
    {
      why: 'the account is unknown',
      history: familyAt(1),
      command: refresh({ generation: 1 }),
      circumstances: { account: undefined },
      reason: 'account_disabled',
    },
    {
      why: 'an operator revoked all that the client had been granted',
      history: familyAt(1),
      command: refresh({ generation: 1 }),
      circumstances: { client: { ...photoApp, tokensNotBefore: GRANTED_AT + 1 } },
      reason: 'not_before',
    },
    {
      why: 'the subject signed out everywhere after the grant',
      history: familyAt(1),
      command: refresh({ generation: 1 }),
      circumstances: { account: { ...account, tokensNotBefore: GRANTED_AT + 1 } },
      reason: 'not_before',
    },
    {
      why: 'the subject signed out everywhere between the sign-in and the grant',
      history: [granted({ authTime: GRANTED_AT - 2 }), ...familyAt(1).slice(1)],
      command: refresh({ generation: 1 }),
      circumstances: { account: { ...account, tokensNotBefore: GRANTED_AT - 1 } },
      reason: 'not_before',
    },
    {
      why: 'the subject signed out everywhere after a grant that knows no sign-in',
      history: [granted({ authTime: undefined }), ...familyAt(1).slice(1)],
      command: refresh({ generation: 1 }),
      circumstances: { account: { ...account, tokensNotBefore: GRANTED_AT + 1 } },
      reason: 'not_before',
    },
    {
      why: 'a token that was used before is presented after the subject signed out everywhere',
      history: familyAt(3),
      command: refresh({ generation: 0 }),
      circumstances: { account: { ...account, tokensNotBefore: GRANTED_AT + 1 } },
      reason: 'not_before',
    },
    {
      why: 'the scope is wider than granted',
      history: familyAt(1),
      command: refresh({ generation: 1, scope: ['photos:read', 'photos:write'] }),
      error: 'invalid_scope',
      reason: 'scope_exceeded',
    },
    {
      why: 'the resource was not granted',
      history: familyAt(1),
      command: refresh({ generation: 1, resources: ['https://api.example.com/payments'] }),
      error: 'invalid_target',
      reason: 'target_exceeded',
    },
    {
      why: 'the scope is none',
      history: familyAt(1),
      command: refresh({ generation: 1, fault: 'invalid_scope' }),
      error: 'invalid_scope',
      reason: 'scope_exceeded',
    },
    {
      why: 'the resource is none',
      history: familyAt(1),
      command: refresh({ generation: 1, fault: 'invalid_target' }),
      error: 'invalid_target',
      reason: 'target_exceeded',
    },
    {
      why: 'another client asks for a scope that is none',
      history: familyAt(1),
      command: refresh({ generation: 1, caller: foreign, fault: 'invalid_scope' }),
      reason: 'foreign_client',
      incident: 'foreign_client',
    },
    {
      why: 'a revoked family is asked for a resource that is none',
      history: [...familyAt(1), revoked(rotatedAt(1) + SECOND)],
      command: refresh({ generation: 1, fault: 'invalid_target' }),
      reason: 'family_revoked',
    },
    {
      why: 'a retry asks for more than was granted',
      history: familyAt(1),
      command: refresh({ generation: 0, scope: ['photos:write'] }),
      circumstances: at(rotatedAt(1) + SECOND),
      error: 'invalid_scope',
      reason: 'scope_exceeded',
    },
  ] as const;

  it.each(refusals)('refuses when $why', (refusal) => {
    const incident = 'incident' in refusal ? { incident: refusal.incident } : {};
    const before = given(...refusal.history);
    const after = before
      .when(refusal.command, 'circumstances' in refusal ? refusal.circumstances : {})
      .then({
        events: [
          event('RefreshRejected', {
            kind: 'refresh',
            reason: refusal.reason,
            incidentId: 'incident' in refusal ? INCIDENT_ID : undefined,
          }),
        ],
        ...incident,
        outcome: {
          kind: 'refused',
          error: 'error' in refusal ? refusal.error : 'invalid_grant',
          reason: refusal.reason,
        },
      });
    const presentations = expect.anything();
    const updatedAt = expect.anything();
    expect(after.state).toEqual({ ...before.state, presentations, updatedAt });
  });

  it('records with a refusal what the decision depended on', () => {
    const receivedAt = rotatedAt(1) + MINUTE;
    const { decision } = given(...familyAt(1)).when(
      refresh({ generation: 1, caller: callerOf(otherApp, { senderKey: 'key-of-other-app' }) }),
      at(receivedAt, { policyRevision: 'policy-7' }),
    );
    expect(decision.events).toEqual([
      {
        type: 'RefreshRejected',
        data: {
          clientId: otherApp.clientId,
          clientAuthenticated: true,
          authMethod: 'none',
          senderKey: 'key-of-other-app',
          policyRevision: 'policy-7',
          receivedAt,
          kind: 'refresh',
          presentedGeneration: 1,
          currentGeneration: 1,
          reason: 'foreign_client',
          incidentId: INCIDENT_ID,
        },
      },
    ]);
  });

  const rotated = { events: [event('RefreshTokenRotated')], outcome: { how: 'rotated' } } as const;

  it('still works in the last whole second before the absolute end', () => {
    const { decision, then } = given(...shortLived).when(
      refresh({ generation: 0 }),
      at(GRANTED_AT + DAY - SECOND),
    );
    expect(decision.outcome).toMatchObject({
      token: { issuedAt: GRANTED_AT + DAY - SECOND, expiresAt: GRANTED_AT + DAY },
    });
    then(rotated);
  });

  it('still works in the last millisecond before the idle end', () => {
    given(...familyAt(0, narrow), rotatedTo(1, { idleExpiresAt: idleEnd }))
      .when(refresh({ generation: 1 }), at(idleEnd - 1))
      .then(rotated);
  });

  it('still works when the subject signed out everywhere no later than the grant', () => {
    given(...familyAt(1))
      .when(refresh({ generation: 1 }), { account: { ...account, tokensNotBefore: GRANTED_AT } })
      .then(rotated);
  });

  it('asks for no account where the grant has no subject', () => {
    given(...machineFamily)
      .when(refresh({ generation: 0 }), { account: undefined })
      .then(rotated);
  });

  it('works with the key that a public client bound the token to', () => {
    given(...bound)
      .when(refresh({ generation: 1, caller: callerOf(photoApp, { senderKey: 'key-of-the-app' }) }))
      .then(rotated);
  });

  it('goes on as if nothing had been when the client then asks for what it may have', () => {
    given(...familyAt(1))
      .when(refresh({ generation: 1, resources: ['https://elsewhere.example'] }))
      .then({
        events: [event('RefreshRejected')],
        outcome: { error: 'invalid_target' },
      })
      .when(refresh({ generation: 1, resources: [PHOTOS_API] }))
      .then({
        events: [event('RefreshTokenRotated', { presentedGeneration: 1, generation: 2 })],
        outcome: { how: 'rotated', generation: 2 },
      });
  });

  it('links a presentation after a detected reuse to its incident', () => {
    given(
      ...familyAt(2),
      revoked(REDEEMED_AT + DAY, 'refresh_token_reuse', 'incident-of-the-reuse'),
    )
      .when(refresh({ generation: 2 }))
      .then({
        events: [
          event('RefreshRejected', {
            reason: 'family_revoked',
            incidentId: 'incident-of-the-reuse',
          }),
        ],
        outcome: { reason: 'family_revoked' },
      });
  });
});

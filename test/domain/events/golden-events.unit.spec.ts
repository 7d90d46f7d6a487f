import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { canonicalJson, type JsonValue } from '../../../src/domain/canonical-json.js';
import type { Envelope } from '../../../src/domain/envelope.js';
import { EVENT_VERSION, eventCatalogue } from '../../../src/domain/events/event-catalogue.js';
import { goldenBodies } from '../../support/domain-golden-events.js';

/**
 * SHA-256 of every frozen body. Old bytes are never rewritten, so from the first release on none of these
 * lines ever changes (docs/adr/0024): an event whose data change incompatibly gets another type, and that
 * another line.
 */
const FROZEN: Readonly<Record<string, string>> = {
  AccessTokenRefreshed: '8971e83c136e59b0459d29d7bcd791cd201199bc319ef6aa7301d5cbe880a846',
  AccessTokenRevoked: 'b2e001034b7dce880947889c6bc7d985e38cf8a816faf694b0db11d3bdcdd510',
  AccountCreated: '3493097f3ef8d00b1cce1536d6634cfcf784e3e36dd47f9919d1c39fc1ceefae',
  AccountDisabled: '0f5d5293755a41b5d6020ba047556ff4bbcdd6b3fb69a8902d56439aba24b1c5',
  AccountErased: '8dbd923beb4d991e2677f3d8fde9ab0dafaf95a297e0f3115fcc092a48588050',
  AccountPasswordChanged: '22251795cc419b571209a17cc4118cd7bbd2458bd85c4b796666976f6cf481ea',
  AccountTokensNotBeforeMoved: '5d32ebfd16cd429360a081f229d2a8233c9de77a7ff40698c44afc786921412f',
  AdministrationRecorded: '17c0ee85297f331daac3ad541f8f236aac8d70f4b7d4799751ffc37df57e92d3',
  ClientDisabled: '1dfef18ab9e812c2bc190374add223225fa4a6aa9de890cb3e653e11427a5b68',
  ClientRegistered: '809068a26d31b809c13b33e3d2c0d616df53f188099da260021c53856e85b42a',
  ClientSecretRotated: 'ca65ad414bbdf9d13ef79895b2e7b12b2f6da1ad0cd3e90e9f19498fa125427e',
  ClientTokenIssued: 'b1024dbc30463cbc62591911161c30d0c641a55901a7e4e215cb1a2fa1164306',
  ClientTokensNotBeforeMoved: '06cd5a608cbad0d4e36c58aa3574051f3ab9330c0f57fa0a775af72817c4d633',
  ClientUpdated: 'f1b6b95af1bbc279d191fd38c6c64e9380c277e5d307eb96506c363c5712a7e0',
  ConsentGiven: 'faed2b345d34ec8928f011a69d87e81004a107ad30e7180d0c963e0f777c59f7',
  ConsentWithdrawn: '63da4e2343cd268a88d1a9d75ecffcde1612f134785aa85733560da3ac8a6d08',
  FamilyRevoked: '331d2a0f40bc521da19c1043e5096bb0df16c7e2f728ae643b7ebb8f69ebf7b2',
  GrantIssued: '03a30fc0f87bb31495eeccd13e8ee570ae98a6bc36a133397e643744cbab2fc5',
  GrantRedeemed: 'a0dff645538b2672d708c8d988d6f05ad1f7ebce2292af481cf798e20fb736f1',
  IncidentOpened: '200ad87983206e451075254fd58f8836d27cb78e44adf52c464f702c2347cbdd',
  IncidentVerdictGiven: 'c3f1316f206849058f619692a17a486b482d234d2df47387a490107d4ea994d2',
  LedgerRestored: '33bbdb32501a22a2114721965710624f95f714568f8b3cd0ce824dcc366125bc',
  LedgerRollbackSuspected: '1596eec55b8f0413ba2ff0af38e1f7add0072cc93c3432f513e5923736e7d462',
  LogOpened: 'e80dc9dff93a1829b0861a9f556aeb0938ff952e2671af1e5afcd1049f65b3fd',
  PresentationsCounted: 'c55da529421e99868bf5d25ea878c39c47234976a2e0a29cfdc239ce664e841e',
  ProjectCreated: 'ed31469fd97e822dc16e65bb275c609c934dd401822328deac6fc9f8a4b8a6e0',
  ProjectDisabled: '952a421155691ca3b0416b226d3cbb4e3aadc36b1960e95341eca9422a46fa2f',
  RefreshRejected: '89cc7ecc2019074d427b5e6e8311d8a3a751ceebf02c0951d4e6bc0c1159fc76',
  RefreshRetried: 'da7ac449d6711a9ebfafa8f9bc46ba116b72ef72d48d8ae46c05e1b8d3c2c6bf',
  RefreshTokenReuseDetected: '84efbeafe968c86a8473b3083db4113325fc7cb1de59632f62ac06782bc8f585',
  RefreshTokenRotated: 'e6235347d160107369b0e978ea86f6b1b4207b176a4071a6d75572708dcfe6a8',
  RevocationCompleted: '10dac0e99d5ddf0b86c7c4913716aafd0321a395d0aa294d03df998cb3ccfe37',
  RevocationStarted: '75432a6983357af412d0955d97221b0438daa3986560c79d79592f19c9947bfe',
  SessionEnded: '1dbda7665d77f53e46505e9d8b8fee3c9f8c97ce7e43ce6db94620afcbfe607b',
  SessionStarted: 'c45ec48d9b14221a4900fd1802f32fc73e5788768d9e1db51382c10d24ca583b',
  SigningKeyActivated: 'a048f2db6c1f93a8d7f43b12c557bcc84b7d072a0a53ae49edbeceb00458e45f',
  SigningKeyCreated: '03f7973248c28bc883d09bfe4cabe45a4c7fe2707cc1bcd22240a8b7bc57f7d8',
  SigningKeyRetired: '030a081e78f7be518080bae5042c44108bbfd3f500dcdd7020f355fdd91ce0ea',
  SigningKeyTokensNotBeforeMoved:
    '5f7a6af65fb0520e25ae22a88795f4243f95049c3f11dc4173a4e121060f05dc',
};

const catalogue = Object.entries(eventCatalogue).flatMap(([kind, events]) =>
  Object.entries(events).map(([type, schema]) => ({ kind, type, schema })),
);
const types = [...new Set(catalogue.map(({ type }) => type))].toSorted();

type Body = Envelope & { readonly data: Readonly<Record<string, unknown>> };
const bodyOf = (type: string): Body => JSON.parse(goldenBodies[type]!) as Body;

describe('the golden events', () => {
  it('are one for every type of the catalogue, and none is left over', () => {
    expect(Object.keys(goldenBodies).toSorted()).toEqual(types);
    expect(Object.keys(FROZEN).toSorted()).toEqual(types);
  });

  it.each(types)('%s has the bytes that were frozen', (type) => {
    expect(createHash('sha256').update(goldenBodies[type]!).digest('hex')).toBe(FROZEN[type]);
  });

  it.each(types)('%s is canonical JSON', (type) => {
    expect(canonicalJson(JSON.parse(goldenBodies[type]!) as JsonValue)).toBe(goldenBodies[type]);
  });

  it.each(catalogue)('$type in a stream of kind $kind has the data of its schema', (event) => {
    const { data } = bodyOf(event.type);
    expect(event.schema.strict().parse(data)).toStrictEqual(data);
  });

  it.each(types)('%s has the whole envelope', (type) => {
    const { data, causationId, originCommitment, ...envelope } = bodyOf(type);
    const kinds = catalogue.filter((event) => event.type === type).map(({ kind }) => kind);
    expect(data).toBeInstanceOf(Object);
    expect(envelope).toEqual({
      id: expect.stringMatching(UUID_7) as unknown,
      type,
      version: EVENT_VERSION,
      streamId: expect.stringMatching(new RegExp(`^(?:${kinds.join('|')}):.+$`)) as unknown,
      streamVersion: expect.any(Number) as unknown,
      project: 'default',
      correlationId: expect.stringMatching(UUID_7) as unknown,
      actor: expect.stringMatching(/^(?:client:.+|account:.+|operator|system)$/) as unknown,
      recordedAt: expect.any(Number) as unknown,
    });
    if (causationId !== undefined) expect(causationId).toMatch(UUID_7);
    if (originCommitment !== undefined) expect(originCommitment).toMatch(SHA_256);
  });
});

const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const SHA_256 = /^[A-Za-z0-9_-]{43}$/;

import { describe, expect, it } from '@jest/globals';
import { accountRefused, metadataRefusal } from '../../src/cli/refusals.js';
import {
  type ClientPreset,
  presetRegistration,
  type PresetChoices,
} from '../../src/directory/client-registration.js';
import { passwordFault, profileFault } from '../../src/domain/directory/account.rules.js';
import { judgeClientMetadata } from '../../src/domain/directory/client-metadata.rules.js';

const redirectUris = ['https://a.example/'];

describe('the refusal of a client, in the words of the options', () => {
  it.each<[line: string, preset: ClientPreset, choices: PresetChoices]>([
    ['--redirect-uri must have at least one URI', 'web', {}],
    ['a redirect URI must have no fragment', 'spa', { redirectUris: ['https://a.example/#b'] }],
    [
      '--redirect-uri is not supported as given',
      'spa',
      { redirectUris: Array.from({ length: 33 }, (_, index) => `https://a.example/${index}`) },
    ],
    [
      'a post-logout redirect URI must have no fragment',
      'spa',
      { redirectUris, postLogoutRedirectUris: ['https://a.example/#b'] },
    ],
    [
      '--post-logout-redirect-uri is not supported as given',
      'spa',
      {
        redirectUris,
        postLogoutRedirectUris: Array.from({ length: 33 }, (_, index) => `urn:${index}`),
      },
    ],
    [
      '--name must be readable text without control characters',
      'web',
      { redirectUris, name: '\u202e' },
    ],
    ['--name must have at most 200 characters', 'web', { redirectUris, name: 'a'.repeat(201) }],
    [
      '--scope may have admin only for a first-party client',
      'web',
      { redirectUris, scope: 'admin' },
    ],
    ['--scope must be a list of at most 64 scope tokens', 'web', { redirectUris, scope: '"' }],
    [
      '--retry-window-seconds must be between 0 and 60',
      'web',
      { redirectUris, policy: { retryWindow: 61_000 } },
    ],
    [
      '--access-token-seconds must be between 10 and 86400',
      'web',
      { redirectUris, policy: { accessTokenLifetime: 9000 } },
    ],
    [
      '--idle-seconds must be between 60 and 315360000',
      'web',
      { redirectUris, policy: { idle: 59_000 } },
    ],
    [
      '--absolute-seconds must be between 60 and 315360000',
      'web',
      { redirectUris, policy: { absolute: 315_360_001_000 } },
    ],
    [
      '--rotation fixed needs a client with a secret',
      'native',
      { redirectUris, policy: { rotation: 'fixed' } },
    ],
  ])('is: %s', (line, preset, choices) => {
    const registration = presetRegistration(preset, choices);
    const judged = judgeClientMetadata(registration.metadata, registration);
    expect('description' in judged && metadataRefusal(judged.description).message).toBe(line);
  });
});

describe('the refusal of an account, in the words of the options', () => {
  it.each([
    ['the password must have at least 8 characters', passwordFault('seven77')],
    ['the password must have at most 1024 bytes', passwordFault('a'.repeat(1025))],
    ['--email must be an e-mail address', profileFault({ email: 'ana' })],
    ['--name must be readable text of at most 200 characters', profileFault({ name: ' ' })],
    ['--username must be readable text of at most 128 characters', 'username_invalid'],
  ] as const)('is: %s', (line, fault) => {
    expect(fault !== undefined && accountRefused(fault).message).toBe(line);
  });
});

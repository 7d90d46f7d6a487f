import pc from 'picocolors';
import type { Settings } from '../config/settings.js';
import type { FirstSignIn } from '../directory/first-start.service.js';
import { PACKAGE_MANIFEST } from './package-manifest.js';
import { addressOf } from './server-address.js';

/** Where a server answers and where it keeps what it knows, for the person who started it. */
export function bannerText(settings: Settings, port: number, colored: boolean): string {
  const { bold, dim } = pc.createColors(colored);
  const { issuer, listening } = addressOf(settings, port);
  return paragraph([
    bold(`Token Ledger ${PACKAGE_MANIFEST.version}`),
    '',
    ...labelled(
      [
        ['Listening', listening],
        ['Issuer', issuer],
        ['Data', settings.dataDirectory],
      ],
      dim,
    ),
  ]);
}

/** What only the first start can show: the administrator's sign-in, and how clients register. */
export function firstStartText(
  settings: Settings,
  signIn: FirstSignIn,
  initialAccessToken: string,
  colored: boolean,
): string {
  const { bold, dim } = pc.createColors(colored);
  const { username, generatedPassword } = signIn;
  const lines = [
    bold('First start: an administrator was created.'),
    '',
    ...labelled(
      [
        ['User name', username],
        ['Password', generatedPassword ?? 'as set in TOKEN_LEDGER_ADMIN_PASSWORD'],
      ],
      dim,
    ),
  ];
  if (generatedPassword !== undefined) lines.push(dim('Shown this once: keep it now.'));
  if (settings.registration === 'token' && settings.initialAccessToken === undefined) {
    lines.push(
      '',
      ...labelled([['Registration', initialAccessToken]], dim),
      dim('The initial access token for clients that register themselves (RFC 7591).'),
      dim('Shown again by: token-ledger registration-token'),
    );
  }
  if (settings.masterKey === undefined) {
    lines.push(
      '',
      ...labelled([['Master key', settings.masterKeyFile]], dim),
      dim('Back it up apart from the data: without it nothing in the vault opens.'),
    );
  }
  return paragraph(lines);
}

function labelled(
  rows: readonly (readonly [label: string, value: string])[],
  dim: (text: string) => string,
): string[] {
  return rows.map(([label, value]) => `${dim(label.padEnd(13))}${value}`);
}

function paragraph(lines: readonly string[]): string {
  return `\n${lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}\n`;
}

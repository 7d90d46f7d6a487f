/** Who reads the audit API: a machine of its own, which may read and nothing else. */
export class Auditor {
  #issuer;
  #token;

  constructor(issuer, token) {
    this.#issuer = issuer;
    this.#token = token;
  }

  /** Made with the command line; its token is asked for with client_credentials. */
  static async of({ issuer, commandLine }) {
    const words = ['client', 'create', '--preset', 'auditor', '--name', 'Auditor', '--json'];
    const { clientId, clientSecret } = JSON.parse(await commandLine(...words));
    const response = await fetch(`${issuer}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'audit:read' }),
    });
    const { access_token: token } = await response.json();
    return new Auditor(issuer, token);
  }

  /** The newest incident, with its likely cause and what the other party may have reached. */
  async newestIncident() {
    const { incidents } = await this.#read('incidents?limit=1');
    return this.#read(`incidents/${incidents[0].id}`);
  }

  /** Everything that happened to a family, oldest first. */
  async timeline(familyId) {
    const { events } = await this.#read(`families/${familyId}/events?limit=1000`);
    return events;
  }

  /** Whether a token was worth something when the event at a position was the newest, and why. */
  async worth(token, position) {
    const body = JSON.stringify({ token, at: String(position) });
    const { of, validity } = await this.#read('lookup', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return { of, ...validity };
  }

  async #read(path, request = {}) {
    const headers = { ...request.headers, authorization: `Bearer ${this.#token}` };
    const response = await fetch(`${this.#issuer}/audit/${path}`, { ...request, headers });
    if (!response.ok) throw new Error(`/audit/${path} answered ${response.status}`);
    return response.json();
  }
}

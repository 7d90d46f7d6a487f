/** An auditor's access token: made with the command line, asked for with client_credentials. */
export async function auditorToken(issuer, commandLine) {
  const made = await commandLine(
    'client',
    'create',
    '--preset',
    'auditor',
    '--name',
    'Auditor',
    '--json',
  );
  const { clientId, clientSecret } = JSON.parse(made);
  const response = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'audit:read' }),
  });
  const { access_token: token } = await response.json();
  return token;
}

/** The newest incident, with the evidence that opened it. */
export async function readIncident(issuer, token) {
  const { incidents } = await read(`${issuer}/audit/incidents?limit=1`, token);
  const [{ kind, familyId, evidence }] = incidents;
  const { presentedGeneration, currentGeneration } = evidence.data;
  return { kind, familyId, presentedGeneration, currentGeneration };
}

/** Everything that happened to a family, oldest first. */
export async function readTimeline(issuer, token, familyId) {
  const { events } = await read(`${issuer}/audit/families/${familyId}/events?limit=1000`, token);
  return events;
}

async function read(url, token) {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.json();
}

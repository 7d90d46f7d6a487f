// @ts-check
/**
 * Makes whole HTTP/1.1 requests that post a form to an endpoint, of the form's text.
 * @param {URL} endpoint
 * @param {string} [authorization] the header's value
 * @returns {(form: string) => string}
 */
export function formRequestsTo(endpoint, authorization) {
  const head =
    `POST ${endpoint.pathname} HTTP/1.1\r\nhost: ${endpoint.host}\r\n` +
    (authorization === undefined ? '' : `authorization: ${authorization}\r\n`) +
    'content-type: application/x-www-form-urlencoded\r\naccept: application/json\r\n' +
    'content-length: ';
  return (form) => `${head}${form.length}\r\n\r\n${form}`;
}

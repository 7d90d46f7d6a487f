/**
 * The bytes of a text in standard base64 with padding (RFC 4648 section 4); undefined unless the
 * bytes encode to this very text again. The text is attacker-controlled: Node's own decoder skips
 * foreign characters and takes other alphabets, so that many texts would be one signature.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

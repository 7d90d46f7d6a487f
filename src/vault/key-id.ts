/** Whether this is the id of a master key: a whole number from 1 to 65535, as tokens have room for. */
export function isKeyId(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 0xffff;
}

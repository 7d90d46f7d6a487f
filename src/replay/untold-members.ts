/** Of an account: its key by the user name, which stays when it is erased. Answers leave it out. */
export const USERNAME_MEMBER = 'usernameDigest';

/** The most bytes of a password in UTF-8: more would only cost time to hash. */
export const PASSWORD_BYTES_MAX = 1024;

/** New ids: safe as file names where case does not count, and as arguments (no leading hyphen). */
import { customAlphabet } from "nanoid";

/** 24 characters of 36: 124 bits, as Perstack's ids. */
export const newId: () => string = customAlphabet("0123456789abcdefghijklmnopqrstuvwxyz", 24);

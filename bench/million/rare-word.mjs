/** A word in the names of one profile of every `rareEvery`, and nowhere else. */
export const rareWord = 'xyz';
export const rareEvery = 1250;

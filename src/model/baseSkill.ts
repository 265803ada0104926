/** The name of the built-in skill, apart from the schemas so that knowing it costs nothing. */

/** The skill every expert has unless it names skills of its own. */
export const baseSkillName = "@perstack/base";

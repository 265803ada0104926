/** What a job may use: the smaller of what the definition says and what the user's settings say. */

export interface JobLimits {
  maxTokens?: number | undefined;
  /** USD. */
  maxCost?: number | undefined;
}

export function smallerLimits(a: JobLimits, b: JobLimits | undefined): JobLimits {
  const maxTokens = smaller(a.maxTokens, b?.maxTokens);
  const maxCost = smaller(a.maxCost, b?.maxCost);
  return { ...(maxTokens !== undefined && { maxTokens }), ...(maxCost !== undefined && { maxCost }) };
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

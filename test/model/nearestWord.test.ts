import { describe, expect, it } from "vitest";
import { nearestWord } from "../../src/model/nearestWord";

const keys = ["instruction", "description", "delegates", "version", "maxSteps", "model"];

describe("nearestWord", () => {
  it("finds what was meant", () => {
    const meant = {
      instructions: "instruction",
      descripton: "description",
      max_steps: "maxSteps",
      modle: "model",
      DELEGATES: "delegates",
    };
    for (const [word, expected] of Object.entries(meant)) expect(nearestWord(word, keys), word).toBe(expected);
  });

  it("suggests nothing that is far away", () => {
    for (const word of ["temperature", "x", "", "construct"]) expect(nearestWord(word, keys), word).toBeUndefined();
  });
});

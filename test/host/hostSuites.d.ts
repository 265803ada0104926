/** Made by esbuild.mjs: the suites of all test/host/*.test.ts. */

declare module "host-suites" {
  const suites: readonly import("./suite").HostSuite[];
  export default suites;
}

/** Module resolution under which dist/compose.js gets another authentication; nothing else is changed. */
const replacement = new URL('./authentication.mjs', import.meta.url).href;

export function resolve(specifier, context, nextResolve) {
  const replaced =
    specifier === './compose-authentication.js' && context.parentURL?.endsWith('/dist/compose.js');
  return replaced ? { url: replacement, shortCircuit: true } : nextResolve(specifier, context);
}

/** What the options of security say when nobody says anything. */
export const SECURITY_DEFAULTS = {
  sourceNetworks: 'private',
  sourceAllow: [],
  sourcePorts: [],
  sourceSchemes: ['http', 'https', 'file', 'unix'],
};

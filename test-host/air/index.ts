// The radio world: access points, what scans see of them, stations that join them.

export { Air } from './air.js';
export type { Sighting } from './air.js';
export { AccessPoint, STATUS_FULL } from './access-point.js';
export type { AccessPointOptions, Membership } from './access-point.js';
export { Association } from './association.js';
export type { Answer, AssociationRequest, Outcome } from './association.js';
export { Scan } from './scan.js';
export { Station } from './station.js';
export { macOf, macText } from './radio.js';
export type { Dismissal, Radio } from './radio.js';
export { utf8 } from './security.js';
export type { Akm, Cipher, Offer, Secret, Security, Suite } from './security.js';

// CRC-32 as in CLM blobs and our images: the one of Ethernet.

export { fcs as crc32 } from '../../test-host/chips/enc28j60/crc32.js';

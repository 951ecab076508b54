// All of the socket API in one import, as <sys/socket.h> and its like are for C. What is not used stays out of a bundle.

export * from './errno.js';
export * from './socket.js';
export * from './socket_bind.js';
export * from './socket_connect.js';
export * from './socket_defs.js';
export * from './socket_inet.js';
export * from './socket_listen.js';
export * from './socket_netdb.js';
export * from './socket_options.js';
export * from './socket_recv.js';
export * from './socket_select.js';
export * from './socket_send.js';
export { socketsInit, type Sockets } from './socket_table.js';

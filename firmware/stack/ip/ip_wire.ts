// What transports of both families need to know of IP.

export const IP_PROTO_ICMP = 1;
export const IP_PROTO_IGMP = 2;
export const IP_PROTO_TCP = 6;
export const IP_PROTO_UDP = 17;

/** Added to the `tos` of ipOutput(): routers shall not fragment the datagram, and neither does this host. */
export const IP_TOS_DF = 0x100;

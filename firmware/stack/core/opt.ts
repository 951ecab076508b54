// Options, named as in lwipopts.h. Two kinds:
// - switches and layout constants (top): fixed when a bundle is built; the build replaces their values per
//   app, and what they exclude is not in the bundle;
// - sizes and times (StackOptions): handed to createStack(), so that stacks of different size can share a
//   process. checkOptions() cross-checks them.

/**
 * Only the raw API, called from the main loop: no core context, mailbox, tasks, netconn or sockets. The build for the
 * smallest programs.
 */
export const NO_SYS: boolean = false;
/** The sequential API netconn; for programs without NO_SYS. */
export const LWIP_NETCONN: boolean = true;
/** BSD sockets. Needs LWIP_NETCONN. */
export const LWIP_SOCKET: boolean = true;
/** Debug builds: a raw call outside the core context throws an Error that names it. Needs a build without NO_SYS. */
export const LWIP_ASSERT_CORE_LOCKED: boolean = false;
/** Ethernet framing and ARP. Without it only point-to-point and loopback interfaces work. */
export const LWIP_ARP: boolean = true;
/** ARP entries made by hand: etharpAddStatic(). */
export const ETHARP_SUPPORT_STATIC_ENTRIES: boolean = true;
/** Address conflict detection, RFC 5227. Needs LWIP_ARP. */
export const LWIP_ACD: boolean = true;
/** IPv6. Not there yet; the types and interfaces already carry both families. */
export const LWIP_IPV6: boolean = false;
export const LWIP_ICMP: boolean = true;
/** Multicast groups: IGMP, version 2. Needs an interface that does multicast (NETIF_FLAG_IGMP). */
export const LWIP_IGMP: boolean = true;
/** For UDP PCBs: TTL, interface and loopback of multicasts (udpSetMulticastTtl() …); without it they go as other datagrams do. */
export const LWIP_MULTICAST_TX_OPTIONS: boolean = true;
/** Raw PCBs: whole IP datagrams of one protocol number, such as a ping client needs. */
export const LWIP_RAW: boolean = true;
export const LWIP_UDP: boolean = true;
export const LWIP_TCP: boolean = true;
/**
 * ICMP errors about UDP datagrams are told to their PCB, udpErr(), as RFC 1122, 4.1.3.3 wants it. Without it who
 * asks in vain finds out by time-out.
 */
export const LWIP_UDP_ERR: boolean = true;
/** Broadcasts and multicasts go to all UDP PCBs that share their port by SOF_REUSEADDR, not to one alone. */
export const SO_REUSE_RXTOALL: boolean = true;
/** udpConnect(): PCBs that hear one peer only. DHCP and DNS do without. */
export const UDP_CONNECT: boolean = true;
/** DHCP client. Needs LWIP_UDP. */
export const LWIP_DHCP: boolean = true;
/**
 * What a DHCP client on an ordinary network can do without: DHCPINFORM, client identifier, option overload, MTU,
 * domain and time servers. 0.5 KB.
 */
export const DHCP_EXTRAS: boolean = true;
/** IPv4 link-local addresses, RFC 3927. Needs LWIP_ACD. */
export const LWIP_AUTOIP: boolean = true;
/** DNS resolver. Needs LWIP_UDP. */
export const LWIP_DNS: boolean = true;
/** dnsLocalAddhost(): hosts that are found without a server, and "localhost" (RFC 6761, 6.3). 0.1 KB. */
export const DNS_LOCAL_HOSTLIST: boolean = true;
/**
 * What a resolver with one well-behaved recursive server can do without: asking for what an alias stands for when the
 * server left that out, going on at once when ICMP says that a server is not there, beginning with the server that
 * answered last. 0.2 KB.
 */
export const DNS_EXTRAS: boolean = true;
/** Reassembly of incoming fragments. */
export const IP_REASSEMBLY: boolean = true;
/** Fragmentation of outgoing datagrams larger than the MTU. */
export const IP_FRAG: boolean = true;
/** Accept datagrams that carry IP options (they are skipped); otherwise drop them. */
export const IP_OPTIONS_ALLOWED: boolean = true;
/**
 * There is one interface, so routing has nothing to choose: whatever is sent leaves by it once it is up and has an
 * address. Excludes LWIP_NETIF_LOOPBACK and IP_FORWARD.
 */
export const LWIP_SINGLE_NETIF: boolean = false;
/** Forward datagrams between interfaces. */
export const IP_FORWARD: boolean = false;
/** The loopback interface 127.0.0.1, and datagrams to an own address turned round inside the stack. */
export const LWIP_NETIF_LOOPBACK: boolean = true;
/** Interfaces that take datagrams to any address as their own: what a user-mode gateway needs. */
export const LWIP_ACCEPT_ALL: boolean = true;
/** Keep segments that arrive out of order (RFC 9293, 3.10.7.4 allows to drop them). */
export const TCP_QUEUE_OOSEQ: boolean = true;
/** Connecting to others: tcpConnect(), simultaneous open, ports chosen by the stack (tcpBind() to port 0). */
export const TCP_ACTIVE_OPEN: boolean = true;
/** tcpWrite() without TCP_WRITE_FLAG_COPY, and tcpWritePbuf(), refer to the caller's bytes; otherwise all is copied. */
export const TCP_REF_WRITE: boolean = true;
/**
 * The limit of connections between SYN and accept, per listener, and refusing by RST beyond it (rstWhenFull); without
 * it MEMP_NUM_TCP_PCB is the only one.
 */
export const TCP_LISTEN_BACKLOG: boolean = true;
/** When pcbs run out, a new connection takes the place of one with lower priority (tcpSetprio()). */
export const TCP_PRIORITIES: boolean = true;
/** Reaction to ICMP errors: smaller segments after "fragmentation needed", the end of a refused tcpConnect(). */
export const TCP_ICMP: boolean = true;
/** TCP keepalive, per connection (SOF_KEEPALIVE, tcpKeepalive()). */
export const LWIP_TCP_KEEPALIVE: boolean = true;
/** Statistics counters. */
export const LWIP_STATS: boolean = true;
/**
 * The global `net` at the serial prompt: net.ifconfig(), netstat(), arp(), stats(), memp(), ping(), resolve(), help();
 * ping needs LWIP_RAW, resolve LWIP_DNS, arp LWIP_ARP, stats LWIP_STATS. For apps that use apps/board/; off, nothing of
 * it is in the bundle. 5.1 KB: ping 1.1 (with LWIP_RAW and stack/icmp/ping.ts 1.4 more), netstat 0.8, ifconfig 0.7,
 * resolve 0.4, memp, stats and arp 0.3 each, the object itself 0.6, columns and console 0.5; and up to 1 KB of names.
 */
export const LWIP_DIAGNOSTICS: boolean = false;
/** Cross-check the options in createStack(). A build may leave it out once its options are known good. */
export const LWIP_OPT_CHECK: boolean = true;
/**
 * Set by the build for an app that says its options in <app>.json: they stand in the code as literals, and what
 * createStack() is handed is ignored.
 */
export const LWIP_OPTIONS_FIXED: boolean = false;
/**
 * Code that is used at times only, such as that which starts the radio, is read from flash for it and let go of: 3 to 4 KB
 * of heap less, 0.4 KB of bundle more. The bundle must be the beginning of the program in flash, as it is built. For apps
 * that use apps/board/wifi.ts.
 */
export const CODE_OVERLAYS: boolean = true;
/** Checksums may be left to the network chip, per interface: see netif.chksumFlags. */
export const LWIP_CHECKSUM_CTRL_PER_NETIF: boolean = true;
/**
 * Long runs of bytes are summed by StackEnv.wordSum, where the surroundings offer it: on an RP2040 a full frame in 1 ms
 * instead of 6. 1.2 KB with the program for the RP2040's PIO.
 */
export const LWIP_CHKSUM_ENGINE: boolean = true;
/**
 * pbufAlloc(PBUF_POOL): receive buffers of the stack's own, PBUF_POOL_BUFSIZE bytes each. Without it receive pbufs
 * come from pbufAllocRx() alone, on arrays that the driver received into.
 */
export const PBUF_POOL_BUFFERS: boolean = true;

/**
 * Bytes a driver needs before the Ethernet header of an outgoing frame, so that it can send one whole buffer.
 * 2 for the ENC28J60: the write-buffer opcode and the per-packet control byte. It also puts the IP header on a
 * 4-byte boundary.
 */
export const PBUF_LINK_ENCAPSULATION_HLEN: number = 2;

/**
 * Bytes of MEM_SIZE that are never taken by what applications write to TCP connections: an ARP request and a DHCP message.
 * Without them, data that wait for a neighbour could keep the request from being sent that finds it.
 */
export const MEM_RESERVE: number = 768;

export interface StackOptions {
  // Memory
  /** Heap for outgoing data (PBUF_RAM), bytes. Too small: tcpWrite() gives ERR_MEM. */
  MEM_SIZE: number;
  /** pbufs that refer to memory of others (REF, ROM). */
  MEMP_NUM_PBUF: number;
  /**
   * Receive buffers. Exhausted: incoming frames are dropped and counted. TCP leaves the last one to acknowledgments, and of what
   * applications do not read keeps no more than leaves one for each connection: with 2n + 2, each of n connections is served
   * whatever the others do (up to 8, with windows of four segments).
   */
  PBUF_POOL_SIZE: number;
  /** Bytes of each receive buffer; a driver that hands in ready arrays does not use them. */
  PBUF_POOL_BUFSIZE: number;
  MEMP_NUM_RAW_PCB: number;
  MEMP_NUM_UDP_PCB: number;
  /** TCP connections, without those in TIME_WAIT. */
  MEMP_NUM_TCP_PCB: number;
  MEMP_NUM_TCP_PCB_LISTEN: number;
  /** Connections in TIME_WAIT; each is a small record. When all are taken the oldest is recycled. */
  MEMP_NUM_TCP_TW: number;
  /** TCP segments queued for sending or kept out of order. */
  MEMP_NUM_TCP_SEG: number;
  /** Pending time-outs. */
  MEMP_NUM_SYS_TIMEOUT: number;
  /** Datagrams being reassembled at a time. */
  MEMP_NUM_REASSDATA: number;
  /** Multicast groups that are joined, all interfaces together; each interface takes one for all hosts. */
  MEMP_NUM_IGMP_GROUP: number;
  /** Packets that wait for an ARP reply, all entries together. */
  MEMP_NUM_ARP_QUEUE: number;

  // Core context and sequential APIs
  /** Messages to the core: packets, callbacks, calls that found the core locked. */
  TCPIP_MBOX_SIZE: number;
  /** netconns, and so sockets. */
  MEMP_NUM_NETCONN: number;
  /** Datagrams that wait in netconns or are held by applications. */
  MEMP_NUM_NETBUF: number;
  /** Connections that wait for netconnAccept(), per listener. */
  DEFAULT_ACCEPTMBOX_SIZE: number;
  /** Datagrams that wait in one UDP or raw netconn; more are dropped. */
  DEFAULT_UDP_RECVMBOX_SIZE: number;
  DEFAULT_RAW_RECVMBOX_SIZE: number;
  /** pbufs that wait in one TCP netconn; more stay with the stack, and the window closes. */
  DEFAULT_TCP_RECVMBOX_SIZE: number;

  // Link
  ARP_TABLE_SIZE: number;
  /** Packets that wait for one ARP entry; the oldest goes first. */
  ARP_QUEUE_LEN: number;
  /** Seconds until an unused ARP entry is forgotten; it is asked for anew shortly before while in use. */
  ARP_MAXAGE: number;

  // IP
  IP_DEFAULT_TTL: number;
  /** Seconds a datagram may wait for its missing fragments (RFC 1122, 3.3.2: 60 to 120; lwIP: 15). */
  IP_REASS_MAXAGE: number;
  /** pbufs that may wait in reassembly, all datagrams together. */
  IP_REASS_MAX_PBUFS: number;
  /** ICMP errors and RSTs to strangers: at most this many in one second (RFC 1812, 4.3.2.8). */
  ICMP_ERROR_RATE: number;

  // TCP
  /** Largest segment to receive and, by default, to send; bytes. */
  TCP_MSS: number;
  /** Receive window, bytes; at most 65535. */
  TCP_WND: number;
  /** Send buffer of a connection, bytes. */
  TCP_SND_BUF: number;
  /** Segments (pbufs) a connection may have in its send queues. */
  TCP_SND_QUEUELEN: number;
  /** Retransmissions of data before a connection is given up. */
  TCP_MAXRTX: number;
  /** Retransmissions of a SYN before connecting is given up. */
  TCP_SYNMAXRTX: number;
  /** Milliseconds of maximum segment lifetime; TIME_WAIT lasts twice this. */
  TCP_MSL: number;
  /** Milliseconds: lower bound of the retransmission time-out (RFC 6298, 2.4: 1 second). */
  TCP_RTO_MIN: number;
  /** Milliseconds: upper bound of the retransmission time-out (RFC 6298, 2.5: at least 60 seconds). */
  TCP_RTO_MAX: number;
  /** Milliseconds an ACK may be held back (RFC 1122, 4.2.3.2: less than 500). */
  TCP_DELACK: number;
  /** Segments a connection keeps out of order. */
  TCP_OOSEQ_MAX_PBUFS: number;
  /** Milliseconds of silence before the first keepalive probe, between probes, and probes. */
  TCP_KEEPIDLE_DEFAULT: number;
  TCP_KEEPINTVL_DEFAULT: number;
  TCP_KEEPCNT_DEFAULT: number;
  /** Connections that wait for their handshake or for accept, per listener. */
  TCP_DEFAULT_LISTEN_BACKLOG: number;

  // DNS
  DNS_TABLE_SIZE: number;
  DNS_MAX_SERVERS: number;
  /** Times a question is sent to each server before the next is tried. */
  DNS_MAX_RETRIES: number;
  /** Bytes of the longest name that is asked for. */
  DNS_MAX_NAME_LENGTH: number;
  /** Callers that may wait for one name. */
  DNS_MAX_REQUESTS: number;

  /**
   * Milliseconds in which an address from DHCP is probed for before it is used (RFC 2131, 4.4.1); 0: not at all.
   * RFC 5227 would have 4 to 7 seconds. Needs LWIP_ACD.
   */
  DHCP_CHECK_MS: number;
  /** DHCP requests without an answer before a link-local address is taken (RFC 3927, 2.11). */
  LWIP_DHCP_AUTOIP_COOP_TRIES: number;
}

/** The defaults: one ENC28J60 or similar device with a few connections. Hot options stand last. */
export function defaultOptions(): StackOptions {
  return {
    TCPIP_MBOX_SIZE: 8,
    MEMP_NUM_NETCONN: 8,
    MEMP_NUM_NETBUF: 8,
    DEFAULT_ACCEPTMBOX_SIZE: 4,
    DEFAULT_UDP_RECVMBOX_SIZE: 4,
    DEFAULT_RAW_RECVMBOX_SIZE: 4,
    DEFAULT_TCP_RECVMBOX_SIZE: 6,
    MEMP_NUM_RAW_PCB: 2,
    MEMP_NUM_UDP_PCB: 5,
    MEMP_NUM_TCP_PCB: 5,
    MEMP_NUM_TCP_PCB_LISTEN: 4,
    MEMP_NUM_TCP_TW: 8,
    MEMP_NUM_SYS_TIMEOUT: 16,
    MEMP_NUM_REASSDATA: 2,
    MEMP_NUM_IGMP_GROUP: 8,
    MEMP_NUM_ARP_QUEUE: 6,
    MEMP_NUM_PBUF: 16,
    MEMP_NUM_TCP_SEG: 24,
    PBUF_POOL_SIZE: 12,
    PBUF_POOL_BUFSIZE: 1536,
    MEM_SIZE: 24576,
    ARP_TABLE_SIZE: 8,
    ARP_QUEUE_LEN: 3,
    ARP_MAXAGE: 300,
    IP_REASS_MAXAGE: 60,
    IP_REASS_MAX_PBUFS: 8,
    ICMP_ERROR_RATE: 10,
    TCP_SYNMAXRTX: 6,
    TCP_MAXRTX: 12,
    TCP_MSL: 5000,
    TCP_KEEPIDLE_DEFAULT: 7200000,
    TCP_KEEPINTVL_DEFAULT: 75000,
    TCP_KEEPCNT_DEFAULT: 9,
    TCP_DEFAULT_LISTEN_BACKLOG: 255,
    TCP_OOSEQ_MAX_PBUFS: 4,
    DNS_TABLE_SIZE: 4,
    DNS_MAX_SERVERS: 2,
    DNS_MAX_RETRIES: 4,
    DNS_MAX_NAME_LENGTH: 253,
    DNS_MAX_REQUESTS: 4,
    DHCP_CHECK_MS: 500,
    LWIP_DHCP_AUTOIP_COOP_TRIES: 3,
    IP_DEFAULT_TTL: 64,
    TCP_RTO_MAX: 60000,
    TCP_RTO_MIN: 1000,
    TCP_DELACK: 200,
    TCP_SND_QUEUELEN: 16,
    TCP_SND_BUF: 5840,
    TCP_WND: 5840,
    TCP_MSS: 1460,
  };
}

/**
 * Cross-checks a set of options.
 * @returns what is wrong, one sentence for each finding; empty when all is well
 */
export function checkOptions(o: StackOptions): string[] {
  const bad: string[] = [];
  const need = (ok: boolean, text: string): void => {
    if (!ok) bad.push(text);
  };
  for (const k in o) {
    const v = (o as unknown as Record<string, number>)[k]!;
    need(typeof v === 'number' && v === Math.floor(v) && v >= 0, k + ' must be a whole number, 0 or more');
  }
  need(o.PBUF_POOL_SIZE > 1, 'PBUF_POOL_SIZE must be at least 2: TCP leaves one to acknowledgments');
  need(o.MEM_SIZE >= 1600 + MEM_RESERVE, 'MEM_SIZE must hold at least one full frame (1600) and MEM_RESERVE');
  need(o.ARP_TABLE_SIZE > 0 && o.ARP_TABLE_SIZE < 128, 'ARP_TABLE_SIZE must be 1 to 127');
  need(o.ARP_MAXAGE >= 30, 'ARP_MAXAGE below 30 s would ask for every neighbour all the time');
  need(o.IP_DEFAULT_TTL > 0 && o.IP_DEFAULT_TTL < 256, 'IP_DEFAULT_TTL must be 1 to 255');
  need(
    o.IP_REASS_MAX_PBUFS < o.PBUF_POOL_SIZE,
    'IP_REASS_MAX_PBUFS must be below PBUF_POOL_SIZE, or fragments alone could stop all reception',
  );
  need(
    o.MEMP_NUM_SYS_TIMEOUT >= 6 + o.MEMP_NUM_REASSDATA,
    'MEMP_NUM_SYS_TIMEOUT must be at least 6 + MEMP_NUM_REASSDATA: ARP, ACD, TCP, IGMP and DHCP take one each, a datagram ' +
      'in reassembly one, DNS one per entry',
  );
  if (LWIP_TCP) {
    need(o.TCP_MSS >= 64 && o.TCP_MSS <= 1460, 'TCP_MSS must be 64 to 1460');
    need(o.TCP_WND >= o.TCP_MSS, 'TCP_WND must be at least TCP_MSS');
    need(o.TCP_WND <= 65535, 'TCP_WND must be at most 65535: window scaling is not used');
    need(o.TCP_SND_BUF >= 2 * o.TCP_MSS, 'TCP_SND_BUF must be at least 2 * TCP_MSS for TCP to work well');
    need(
      o.TCP_SND_QUEUELEN >= Math.ceil((2 * o.TCP_SND_BUF) / o.TCP_MSS),
      'TCP_SND_QUEUELEN must be at least 2 * TCP_SND_BUF / TCP_MSS',
    );
    need(o.MEMP_NUM_TCP_SEG >= o.TCP_SND_QUEUELEN, 'MEMP_NUM_TCP_SEG must be at least TCP_SND_QUEUELEN');
    need(
      // Each segment in the block of a full frame, and beside them the one that the stack keeps for acknowledgments.
      o.MEM_SIZE >=
        Math.ceil(o.TCP_SND_BUF / o.TCP_MSS) * (1521 + PBUF_LINK_ENCAPSULATION_HLEN) +
          (65 + PBUF_LINK_ENCAPSULATION_HLEN) +
          MEM_RESERVE,
      'MEM_SIZE must hold TCP_SND_BUF in full frames, and MEM_RESERVE: one connection would wait for ever',
    );
    need(o.TCP_RTO_MIN > 0 && o.TCP_RTO_MIN <= o.TCP_RTO_MAX, 'TCP_RTO_MIN must be 1 to TCP_RTO_MAX');
    need(o.TCP_DELACK < 500, 'TCP_DELACK must be below 500 (RFC 1122, 4.2.3.2)');
    need(
      o.TCP_OOSEQ_MAX_PBUFS < o.PBUF_POOL_SIZE,
      'TCP_OOSEQ_MAX_PBUFS must be below PBUF_POOL_SIZE, or one connection could stop all reception',
    );
  }
  if (LWIP_DNS) {
    need(o.DNS_MAX_NAME_LENGTH > 0 && o.DNS_MAX_NAME_LENGTH <= 253, 'DNS_MAX_NAME_LENGTH must be 1 to 253');
    need(o.DNS_MAX_SERVERS > 0, 'DNS_MAX_SERVERS must be at least 1');
    need(o.MEMP_NUM_UDP_PCB > 1, 'MEMP_NUM_UDP_PCB must leave room for the resolver and DHCP');
  }
  need(!LWIP_SOCKET || LWIP_NETCONN, 'LWIP_SOCKET needs LWIP_NETCONN');
  need(!LWIP_ASSERT_CORE_LOCKED || !NO_SYS, 'LWIP_ASSERT_CORE_LOCKED needs a build without NO_SYS');
  if (!NO_SYS) {
    need(o.TCPIP_MBOX_SIZE > 0, 'TCPIP_MBOX_SIZE must be at least 1');
    need(o.MEMP_NUM_NETCONN <= 30, 'MEMP_NUM_NETCONN must be at most 30: an fd_set is one small integer');
    need(
      o.DEFAULT_TCP_RECVMBOX_SIZE > 0 && o.DEFAULT_TCP_RECVMBOX_SIZE < o.PBUF_POOL_SIZE,
      'DEFAULT_TCP_RECVMBOX_SIZE must be 1 to below PBUF_POOL_SIZE, or one connection could stop all reception',
    );
  }
  need(
    !LWIP_SINGLE_NETIF || !(LWIP_NETIF_LOOPBACK || IP_FORWARD),
    'LWIP_SINGLE_NETIF excludes LWIP_NETIF_LOOPBACK and IP_FORWARD',
  );
  need(!LWIP_ACD || LWIP_ARP, 'LWIP_ACD needs LWIP_ARP');
  need(!LWIP_AUTOIP || LWIP_ACD, 'LWIP_AUTOIP needs LWIP_ACD');
  need(!LWIP_DHCP || LWIP_UDP, 'LWIP_DHCP needs LWIP_UDP');
  need(!LWIP_DNS || LWIP_UDP, 'LWIP_DNS needs LWIP_UDP');
  return bad;
}

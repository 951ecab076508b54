// Where the stack's sockets do not do what the kernel's do, and why. A sequence that is not listed must give the same
// trace on both; a listed one must differ in exactly the lines that stand here.

export interface Difference {
  reason: string;
  /** By theme and name of the sequence: what the kernel gave and what the stack gave, for each line that differs. */
  sequences: Record<string, [kernel: string, stack: string][]>;
}

export const DIFFERENCES: Difference[] = [
  {
    reason:
      'close() ends the calls that wait for the socket, with EBADF. The kernel leaves them alone, and the socket with ' +
      'them, until something comes: a pool of a few sockets cannot wait for that.',
    sequences: {
      'TCP shutdown, close, reset: close of a listener while accept waits': [
        ['accept(s1) = s2 127.0.0.1:P2', 'accept(s1) = -1 EBADF'],
      ],
      'TCP shutdown, close, reset: close while recv waits; the peer closes then': [
        ['recv(s2, 10) = 0 ""', 'recv(s2, 10) = -1 EBADF'],
      ],
      'TCP shutdown, close, reset: close while recv waits on UDP; a datagram comes then': [
        ['recv(s1, 10) = 1 "x"', 'recv(s1, 10) = -1 EBADF'],
      ],
    },
  },
  {
    reason:
      'A connect() that shutdown() gives up leaves no error behind. The kernel takes the ECONNRESET for pending that ' +
      'the waiting connect() would have had.',
    sequences: {
      'each call in each state of TCP: connecting: shutdown RD': [
        ['recv(s3, 10, DONTWAIT) = -1 ECONNRESET', 'recv(s3, 10, DONTWAIT) = -1 ENOTCONN'],
      ],
      'each call in each state of TCP: connecting: shutdown WR': [
        ['send(s3, "x") = -1 ECONNRESET', 'send(s3, "x") = -1 EPIPE'],
      ],
      'each call in each state of TCP: connecting: shutdown RDWR': [
        ['poll(s3 IN|OUT) = 1 [ERR|HUP|IN|OUT]', 'poll(s3 IN|OUT) = 1 [HUP|IN|OUT]'],
      ],
    },
  },
  {
    reason:
      'bind() after the end of a connection is EINVAL, as POSIX has it. The kernel gives the dead socket an address, ' +
      'which is of no use but after a connect() that was refused: there close() and socket() do the same.',
    sequences: {
      'each call in each state of TCP: refused: bind': [
        ['bind(s1, 127.0.0.1:0) = 0', 'bind(s1, 127.0.0.1:0) = -1 EINVAL'],
      ],
      'each call in each state of TCP: both ends shut down: bind': [
        ['bind(s2, 127.0.0.1:0) = 0', 'bind(s2, 127.0.0.1:0) = -1 EINVAL'],
      ],
      'each call in each state of TCP: reset: bind': [
        ['bind(s2, 127.0.0.1:0) = 0', 'bind(s2, 127.0.0.1:0) = -1 EINVAL'],
      ],
      'each call in each state of TCP: reset, data waits: bind': [
        ['bind(s2, 127.0.0.1:0) = 0', 'bind(s2, 127.0.0.1:0) = -1 EINVAL'],
      ],
      'each call in each state of TCP: reset, error seen: bind': [
        ['bind(s2, 127.0.0.1:0) = 0', 'bind(s2, 127.0.0.1:0) = -1 EINVAL'],
      ],
    },
  },
  {
    reason:
      'After a connection that was refused or given up, a socket that bind() gave no port has none. The kernel still ' +
      'shows the old one.',
    sequences: {
      'connect: refused, after bind was told nothing': [
        ['getsockname(s1) = 0 0.0.0.0:P2', 'getsockname(s1) = 0 0.0.0.0:0'],
      ],
      'connect: disconnected, after bind was told nothing': [
        ['getsockname(s1) = 0 0.0.0.0:P2', 'getsockname(s1) = 0 0.0.0.0:0'],
      ],
    },
  },
  {
    reason:
      'MSG_MORE to UDP is ignored: each send() is a datagram. The kernel corks the socket; sendmsg() of several pieces ' +
      'makes one datagram on both.',
    sequences: {
      'UDP: MSG_MORE makes one datagram of several sends': [
        ['poll(s2 IN) = 0 [0]', 'poll(s2 IN) = 1 [IN]'],
        ['recv(s2, 100) = 12 "one datagram"', 'recv(s2, 100) = 4 "one "'],
      ],
    },
  },
  {
    reason:
      'A negative SO_RCVTIMEO is 1 ms, for Linux it is no time at all, and reads as none set. Programs that want ' +
      'that have MSG_DONTWAIT.',
    sequences: {
      'options: SO_RCVTIMEO of tcp': [
        ['getsockopt(s1, SO_RCVTIMEO) = 0 0 s 0 us', 'getsockopt(s1, SO_RCVTIMEO) = 0 0 s 1000 us'],
      ],
      'options: SO_RCVTIMEO of udp': [
        ['getsockopt(s1, SO_RCVTIMEO) = 0 0 s 0 us', 'getsockopt(s1, SO_RCVTIMEO) = 0 0 s 1000 us'],
      ],
    },
  },
  {
    reason:
      'The loopback interface takes part in no groups, so there is none to join by the address 127.0.0.1: groups are ' +
      'for networks, and who sends to a group on Ethernet hears it here, too (IP_MULTICAST_LOOP).',
    sequences: {
      'options: groups: joined on the loopback interface, twice, left, left twice': [
        [
          'setsockopt(s1, IP_ADD_MEMBERSHIP, 239.255.0.7 by 127.0.0.1) = 0',
          'setsockopt(s1, IP_ADD_MEMBERSHIP, 239.255.0.7 by 127.0.0.1) = -1 ENODEV',
        ],
        [
          'setsockopt(s1, IP_ADD_MEMBERSHIP, 239.255.0.7 by 127.0.0.1) = -1 EADDRINUSE',
          'setsockopt(s1, IP_ADD_MEMBERSHIP, 239.255.0.7 by 127.0.0.1) = -1 ENODEV',
        ],
        [
          'setsockopt(s1, IP_DROP_MEMBERSHIP, 239.255.0.7 by 127.0.0.1) = 0',
          'setsockopt(s1, IP_DROP_MEMBERSHIP, 239.255.0.7 by 127.0.0.1) = -1 EADDRNOTAVAIL',
        ],
      ],
      'options: groups: what is sent to one comes to its member': [
        [
          'setsockopt(s1, IP_ADD_MEMBERSHIP, 239.255.0.8 by 127.0.0.1) = 0',
          'setsockopt(s1, IP_ADD_MEMBERSHIP, 239.255.0.8 by 127.0.0.1) = -1 ENODEV',
        ],
        ['poll(s1 IN) = 1 [IN]', 'poll(s1 IN) = 0 [0]'],
        [
          'recvfrom(s1, 100, DONTWAIT) = 6 "to all" from 127.0.0.1:P2',
          'recvfrom(s1, 100, DONTWAIT) = -1 EAGAIN',
        ],
      ],
    },
  },
];

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

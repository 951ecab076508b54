// The CYW43439's gSPI commands, registers and bits that the driver uses, with the data sheet's names (CYW43439 data
// sheet, chapter 4, gSPI). A register is what its command says of it: function in bits 29:28, address in bits 27:11,
// length in bytes in bits 10:0.

/** Command bits: the address increments; the host writes. */
export const READ = 0x40000000;
export const WRITE = 0xc0000000;

// Functions.
export const F1 = 0x10000000;
export const F2 = 0x20000000;

// Function 0, the bus.
/** Bus control, response delay, status enable and reset in one. */
export const BUS_CONTROL = (0x00 << 11) | 4;
export const INTERRUPT = (0x04 << 11) | 2;
export const INTERRUPT_ENABLE = (0x06 << 11) | 2;
export const STATUS = (0x08 << 11) | 4;
export const TEST = (0x14 << 11) | 4;
export const RESPONSE_DELAY_F1 = (0x1d << 11) | 1;

/** What TEST reads. */
export const TEST_PATTERN = 0xfeedbead;

// BUS_CONTROL
export const WORD_LENGTH_32 = 0x01;
export const HIGH_SPEED = 0x10;
export const INTERRUPT_POLARITY_HIGH = 0x20;
export const WAKE_UP = 0x80;
/** In the second byte: cycles of delay before an answer. */
export const RESPONSE_DELAY = 0x04 << 8;
/** In the third byte. */
export const STATUS_ENABLE = 0x01 << 16;

// INTERRUPT and INTERRUPT_ENABLE
export const DATA_UNAVAILABLE = 0x0001;
export const F2_FIFO_UNDERFLOW = 0x0002;
export const F2_FIFO_OVERFLOW = 0x0004;
export const COMMAND_ERROR = 0x0008;
export const DATA_ERROR = 0x0010;
export const F2_PACKET_AVAILABLE = 0x0020;
export const F1_OVERFLOW = 0x0080;

// STATUS, also behind the data of every transaction.
export const F2_RX_READY = 0x00000020;
export const F2_PKT_AVAILABLE = 0x00000100;
export const F2_PKT_LEN_SHIFT = 9;
export const F2_PKT_LEN_MASK = 0x7ff;

// Function 1: the SPI core's own registers.
export const WATERMARK = F1 | (0x10008 << 11) | 1;
export const WINDOW_LOW = F1 | (0x1000a << 11) | 1;
export const WINDOW_MID = F1 | (0x1000b << 11) | 1;
export const WINDOW_HIGH = F1 | (0x1000c << 11) | 1;
export const FRAME_CONTROL = F1 | (0x1000d << 11) | 1;
export const CHIP_CLOCK_CSR = F1 | (0x1000e << 11) | 1;
export const PULL_UP = F1 | (0x1000f << 11) | 1;
export const WAKEUP_CTRL = F1 | (0x1001e << 11) | 1;
export const SLEEP_CSR = F1 | (0x1001f << 11) | 1;

// FRAME_CONTROL
export const READ_TERMINATE = 0x01;

// CHIP_CLOCK_CSR
export const FORCE_HT = 0x02;
export const ALP_AVAIL_REQ = 0x08;
export const ALP_AVAIL = 0x40;
export const HT_AVAIL = 0x80;

// WAKEUP_CTRL, SLEEP_CSR
export const WAKE_TILL_HT_AVAIL = 0x02;
export const KEEP_AWAKE = 0x01;

// The backplane, through function 1's window of 32 KB.
/** An access of 2 or 4 bytes. */
export const ACCESS_4 = 0x8000;
export const SDIO_INT_HOST_MASK = 0x18002024;
export const SDIO_TO_HOST_MAILBOX_DATA = 0x1800204c;
export const SOCSRAM_BANKX_INDEX = 0x18004010;
export const SOCSRAM_BANKX_PDA = 0x18004044;
/** Wrappers of the cores: control and reset registers. */
export const ARM_WRAPPER = 0x18103000;
export const SOCSRAM_WRAPPER = 0x18104000;
export const IOCTRL = 0x408;
export const RESETCTRL = 0x800;

// IOCTRL, RESETCTRL
export const CLOCK_EN = 0x01;
export const FORCE_GATED_CLOCK = 0x02;
export const CORE_RESET = 0x01;

/** SDIO_INT_HOST_MASK: the four mailbox interrupts of the firmware. */
export const MAILBOX_INTERRUPTS = 0xf0;
/** SDIO_TO_HOST_MAILBOX_DATA: the firmware has stopped after a trap. */
export const FIRMWARE_HALTED = 0x10;
